"""The web shop's orders, page by page, from its REST API."""

from datetime import datetime

from dlt.extract import DltSource
from dlt.sources.rest_api import rest_api_source


def source(address: str, token: str, since: datetime | None = None) -> DltSource:
    """Return the API's resources; of orders, those changed since a moment."""
    return rest_api_source(
        {
            "client": {
                "base_url": address,
                "auth": {"type": "bearer", "token": token},
                "paginator": {"type": "json_link", "next_url_path": "next"},
            },
            "resources": [
                {
                    "name": "orders",
                    "endpoint": {
                        "path": "orders",
                        "data_selector": "items",
                        "params": {"since": since.isoformat()} if since else {},
                    },
                }
            ],
        }
    )
