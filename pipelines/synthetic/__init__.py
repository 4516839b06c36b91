"""An invented province for demonstration and tests; see docs/demo-province.md for what is made up and how."""

from pipelines.synthetic.casework import invent_casework, write_casework
from pipelines.synthetic.province import Province, ProvinceConfig, invent, write_tables

__all__ = ["Province", "ProvinceConfig", "invent", "invent_casework", "write_casework", "write_tables"]
