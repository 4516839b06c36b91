"""The columns that the compiled loops of the first stage read and fill: what they are, how long and how wide."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Sparse = tuple[Array, Array, Array]
"""Rows as starts, columns and weights."""
Told = tuple[Array, Array]
"""Room for the words of one vacancy: slots int32 and weights float32, longer by four than the longest."""
EARTH_KM = 6371.0
BAND_STEP = 1000.0
"""A key is the score less this for each band; scores are far smaller, and a run checks that they are."""
EDGE_KM = 0.01
"""Within this of a limit the near distance decides nothing; the exact one does so later."""
LANES = 64
BLOCK = 256
CHUNK = 16
SAMPLED = 16
"""One post of so many is looked at beforehand, to tell about how high the best of each person will stand."""
OUT, IS_OUT = np.float32(-1e9), np.float32(-1e8)
"""What may not be listed scores so low that nothing brings it back."""
NEVER = np.float32(1e9)
"""A limit that no score exceeds."""


class Posts(NamedTuple):
    """Columns of n vacancies in the order of their sites, of their patterns (p,), sites (t,) and spots (s,).

    A site is a spot with what lets people stay there or work from home.
    """

    row: Array  # int32 (n,), position in the stock
    pattern: Array  # int32 (n,)
    site: Array  # int32 (n,), ascending
    kind: Array  # int32 (n,), position in the next two: an occupation family, and who may wish it plainly
    kind_family: Array  # int16
    kind_row: Array  # int32, a vacancy of the stock of that kind
    education: Array  # int8 (n,)
    usual_education: Array  # float64 (n_ranks,), ranks commonly lacking where nobody knows
    wage_min: Array  # float32 (n,), -1 where not known
    wage_max: Array  # float32 (n,), the same
    years: Array  # float32 (n,), 0 where not known
    employer: Array  # int64 (n,)
    fixed: Array  # float64 (n,), what is the same for everybody
    site_spot: Array  # int32 (t,)
    site_remote: Array  # bool (t,)
    site_dorm: Array  # bool (t,)
    site_shuttle: Array  # bool (t,)
    spot_unit: Array  # float64 (s, 3)
    spot_radius: Array  # float64 (s,)
    spot_region: Array  # int64 (s,)
    factors: Array  # float32 (n, d), learned vectors, weighed
    words: Sparse  # texts and, behind their columns, skills
    addresses: Sparse
    stock_words: Sparse  # texts in the order of the stock
    stock_addresses: Sparse
    stock_family: Array  # int16, in the order of the stock
    n_words: int  # columns of texts alone
    n_columns: int  # with skills
    n_addresses: int


class Persons(NamedTuple):
    """Columns of m people and the tables that they point into."""

    sight: Array
    sights: Array  # bool (n, g)
    function: Array
    function_score: Array  # float32 (f, p), far below everything for what is excluded, `BAND_STEP` less behind
    lead: Array
    leads: Array  # int8 (n, l)
    may_lead: Array  # bool (n,)
    plain: Array
    plains: Array
    area: Array
    areas: Array
    home: Array
    unit: Array
    radius: Array
    region: Array
    is_wide: Array
    is_told: Array
    daily: Array
    limit: Array
    own: Array
    wished: Array
    usual: Array  # float64 (h, 2): nearness and doublings of the usual place
    by_family: Array  # float64 (3, m, n_families + 1)
    education: Array
    wage: Array
    years: Array
    words: Sparse
    address: Sparse
    skills: Sparse
    history: Sparse
    refused: Sparse
    vectors: Array  # float32 (m, d)


class Weighed(NamedTuple):
    """Weights of the components and the settings that the loops need."""

    profile_text: float
    history_text: float
    address_text: float
    occupation: float
    history_family: float
    skills: float
    nearness: float
    far: float
    remote: float
    same_county: float
    same_prefecture: float
    wished_region: float
    area_uptake: float
    wage_gap: float
    education_gap: float
    training_gap: float
    experience_gap: float
    reach_factor: float
    shuttle_km: float
    own_county_km: float
    own_prefecture_km: float


class Found(NamedTuple):
    """What the first stage keeps: by person `rows` and `scores` (m, most), how many, and the highest key left out.

    `best` (m,) is the highest key of all, minus infinity where nothing may be listed.
    """

    rows: Array
    scores: Array
    n: Array
    left_out: Array
    best: Array


class Tables(NamedTuple):
    """What up to `LANES` people add for each value of a column: a column for each of them, float32."""

    pattern: Array  # (p, w)
    site: Array  # (t, w)
    unreached: Array  # (t, w), `NEVER` where a ground of policy may not lead, else 0
    kind: Array  # (n_kinds, w)
    education: Array  # (n_ranks, w)
    per_yuan: Array  # (w,), one over the wished wage
    wage_weight: Array  # (w,), 0 without a wish
    years: Array  # (w,), many where not known
    vectors: Array  # (d, w)
    fixed: Array  # (n,), the same for all of them


class Wording(NamedTuple):
    """The words of up to `LANES` people: `slot` tells a column's row in `told`, 0 for words that none of them has."""

    slot: Array  # int32 (n_columns,)
    told: Array  # float32 (n_slots, w)
    earlier: Array  # float32 (n_slots, w), apart from `told` for addresses
    used: Array  # int32, columns with a slot
    centre: Array  # float64 (n_columns,), zeros between uses


class Best(NamedTuple):
    """The best so far of each lane, in no order: keys, positions and scores (w, room), how many, the highest left out.

    `limits` float32 (3, w): what a score must exceed in each band from the first to the general one.
    """

    keys: Array
    at: Array
    scores: Array
    n: Array
    left_out: Array
    limits: Array
    scratch: Array


class Lanes(NamedTuple):
    """Who is in each lane, and of each what a single look at a vacancy takes; `sight` and `lead` point into tables.

    `kinds` (k,) are the columns of `leads` that somebody here has; `of_kind` float32 (k, w) is 0 for those who have it
    and `NEVER` for others. `schooling` float32 (w,) is the rank, far above all where not known.
    """

    of: Array
    sight: Array
    sights: Array
    lead: Array
    leads: Array
    may_lead: Array
    kinds: Array
    of_kind: Array
    schooling: Array
