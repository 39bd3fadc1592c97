"""What is made of an export file so that it can be read."""

import gzip
import zipfile

from ingest.exports import ExportCatalog
from ingest.readers.readable import readable
from tests.ingest.shop import SALES


def test_of_a_file_that_is_packed_and_encoded_one_copy_is_left(shop, tmp_path):
    """A disk need not have room for all that are made on the way."""
    packed = gzip.compress("id,amount,note\n1,1.00,Größe\n".encode("utf-16"))
    with zipfile.ZipFile(shop.folder / "sales.zip", "w") as archive:
        archive.writestr("sales.csv.gz", packed)
    (file,) = ExportCatalog(shop.deployment).files(SALES)
    found = readable(file, SALES, tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == [found.path]
    assert found.count_rows() == 1
    assert (shop.folder / "sales.zip").exists()
