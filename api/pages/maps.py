"""A map of Gansu, and of the surroundings of a person, as SVG: seats of divisions, vacancies by size, the usual reach.

Drawn from the points of the division table, without outlines and without any map from elsewhere; the person stands at
the seat of the county, never at an address.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, radians, sqrt

import drawsvg as draw
from markupsafe import Markup

from api.pages.charts import BRAND, INK, LINE, SOFT, drawing, svg
from api.pages.words import words
from matching.regions import divisions, is_prefecture_wide, region_name
from pipelines.places_of_list import LonLat, Places

_EARTH_KM = 6371.0
_KM_A_DEGREE = 2 * pi * _EARTH_KM / 360
_WIDTH, _MARGIN, _SIZE = 400.0, 22.0, 13
"""As wide as a phone shows it: drawn wider, names could not be read there."""
_GANSU = ((93.0, 32.7), (108.9, 41.2))
_LEAST_KM, _REACHES = 25.0, 2.2


@dataclass(frozen=True, slots=True)
class _Plane:
    """Places degrees on the drawing, with the length of a degree of longitude at the middle latitude."""

    west: float
    south: float
    east: float
    north: float

    @property
    def scale(self) -> float:
        """Drawing units a kilometre."""
        return (_WIDTH - 2 * _MARGIN) / ((self.east - self.west) * self._km_east)

    @property
    def _km_east(self) -> float:
        return _KM_A_DEGREE * cos(radians((self.south + self.north) / 2))

    @property
    def height(self) -> float:
        """Height of the drawing."""
        return (self.north - self.south) * _KM_A_DEGREE * self.scale + 2 * _MARGIN

    def place(self, at: LonLat) -> tuple[float, float]:
        """Return where a point stands."""
        x = _MARGIN + (at[0] - self.west) * self._km_east * self.scale
        return x, _MARGIN + (self.north - at[1]) * _KM_A_DEGREE * self.scale

    def holds(self, at: LonLat) -> bool:
        """True where a point is on the drawing."""
        return self.west <= at[0] <= self.east and self.south <= at[1] <= self.north


def province_map(places: Places) -> Markup:
    """Return the map of the whole province."""
    (west, south), (east, north) = _GANSU
    seats = [
        (code, region) for code, region in divisions().items() if code.startswith("62") and is_prefecture_wide(code)
    ]
    labels = [(region_name(code), region.point) for code, region in seats if region.point and code != "620000"]
    return _map(_Plane(west, south, east, north), places, labels, "province")


def near_map(places: Places) -> Markup | None:
    """Return the map of the surroundings; None where nobody knows where the person lives."""
    if places.home is None:
        return None
    km = max(places.reach_km * _REACHES, _LEAST_KM)
    high, wide = km / _KM_A_DEGREE, km / (_KM_A_DEGREE * cos(radians(places.home[1])))
    plane = _Plane(
        places.home[0] - wide, places.home[1] - high * 0.7, places.home[0] + wide, places.home[1] + high * 0.7
    )
    labels = [
        (region_name(code), region.point)
        for code, region in divisions().items()
        if code.startswith("62") and not is_prefecture_wide(code) and region.point and plane.holds(region.point)
    ]
    return _map(plane, places, labels, "near")


def _map(plane: _Plane, places: Places, labels: Sequence[tuple[str, LonLat | None]], name: str) -> Markup:
    t = words()
    shown = Counter(post.at for post in places.posts if post.at is not None and plane.holds(post.at))
    told = t(f"map.{name}_desc", n=sum(shown.values()), km=f"{places.reach_km:g}")
    made = drawing(_WIDTH, round(plane.height, 1), t(f"map.{name}"), told, f"map-{name}")
    made.append(draw.Rectangle(0.5, 0.5, _WIDTH - 1, round(plane.height - 1, 1), fill="#fff", stroke=LINE))
    for at, n in shown.most_common():
        x, y = plane.place(at)
        made.append(draw.Circle(_r(x), _r(y), _r(3 + 1.7 * sqrt(n)), fill=BRAND, fill_opacity=0.55, stroke=BRAND))
    taken: list[_Box] = []
    for label, point in labels:
        if point is not None and plane.holds(point):
            _name(made, _short(label), plane.place(point), taken)
    if places.home is not None:
        _home(made, plane, places.home, places.reach_km)
    return svg(made)


_Box = tuple[float, float, float, float]


def _short(label: str) -> str:
    """Return a name as maps write it: the county without its prefecture, an autonomous prefecture as 州."""
    for word in ("回族自治", "藏族自治"):
        label = label.replace(word, "")
    head, _, rest = label.partition("市")
    return rest or f"{head}市" if "市" in label else label


def _name(made: draw.Drawing, label: str, at: tuple[float, float], taken: list[_Box]) -> None:
    """Write a name beside its point, on the first side where it covers no other; else leave it out."""
    x, y = at
    made.append(draw.Rectangle(_r(x - 1.5), _r(y - 1.5), 3, 3, fill=INK))
    wide, high = len(label) * _SIZE * 1.05, _SIZE * 1.15
    for left, top in (
        (x + 4, y - high / 2),
        (x - 4 - wide, y - high / 2),
        (x - wide / 2, y - high - 3),
        (x - wide / 2, y + 3),
    ):
        box = (left, top, left + wide, top + high)
        is_free = all(box[0] > b[2] or box[2] < b[0] or box[1] > b[3] or box[3] < b[1] for b in taken)
        if is_free and box[0] >= 2 and box[2] <= _WIDTH - 2:
            taken.append(box)
            made.append(draw.Text(label, _SIZE, _r(left), _r(top + high * 0.78)))
            return


def _home(made: draw.Drawing, plane: _Plane, home: LonLat, reach_km: float) -> None:
    x, y = plane.place(home)
    reach = reach_km * plane.scale
    made.append(
        draw.Circle(_r(x), _r(y), _r(reach), fill="none", stroke=SOFT, stroke_width=1.5, stroke_dasharray="5 4")
    )
    made.append(draw.Lines(_r(x), _r(y - 6), _r(x + 5.5), _r(y + 5), _r(x - 5.5), _r(y + 5), close=True, fill=INK))


def _r(value: float) -> float:
    return round(value, 1)
