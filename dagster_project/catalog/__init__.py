"""The catalogue: what there is, from what it is made, when it was last loaded.

Publishing records it in `ops.catalog_tables` and `ops.catalog_columns`; `crm catalog`
and `crm explain` read only the published file, so that they say what readers have.
"""
