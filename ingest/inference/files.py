"""Samples of files of every kind: by their ending, text unless it says otherwise."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from tempfile import TemporaryFile

import pyarrow as pa
from pyarrow import parquet

from dbt_models import WarehouseError
from ingest.inference.candidates import Candidate
from ingest.inference.excel_samples import read_sheet
from ingest.inference.json_samples import read_json
from ingest.inference.samples import Sample, names_in, sample_of, text_of
from ingest.inference.text_samples import read_text
from ingest.readers.parquet_fields import TYPES

# Endings of text that ingest knows without being told.
_TEXTS = (".csv", ".tsv", ".txt")


def read_sample(candidate: Candidate, limit: int) -> Sample:
    """Look at the first rows of a file, or of a part of one.

    Raises
    ------
    WarehouseError
        If it is no table; in words without its name.
    """
    if candidate.is_sheet:
        return read_sheet(candidate.path, candidate.member, limit)
    if candidate.name.endswith((".xlsx", ".xlsm")):
        raise WarehouseError("it is a workbook that is packed; unpack it")
    read = next(
        (r for end, r in _READERS.items() if candidate.name.endswith(end)), None
    )
    if read:
        return read(candidate, limit)
    sample = read_text(candidate, limit)
    if not candidate.name.endswith(_TEXTS):
        return replace(sample, format={"kind": "csv", **sample.format})
    return sample


def _read_parquet(candidate: Candidate, limit: int) -> Sample:
    with candidate.opened() as stream, TemporaryFile() as copy:
        if candidate.is_packed:
            # What it holds is said at its end, and to look there unpacks it whole.
            shutil.copyfileobj(stream, copy)
        try:
            file = parquet.ParquetFile(copy if candidate.is_packed else stream)
        except (pa.ArrowException, OSError) as error:
            raise WarehouseError("it is not a Parquet file, or damaged") from error
        schema = file.schema_arrow
        stored = {
            field.name: "timestamp"
            if pa.types.is_timestamp(field.type)
            else TYPES.get(text, text.replace("decimal128", "decimal"))
            for field in schema
            for text in [str(field.type)]
            if text in TYPES
            or text.startswith("decimal128")
            or pa.types.is_timestamp(field.type)
        }
        rows = (
            [text_of(value) for value in row.values()]
            for batch in file.iter_batches(5_000)
            for row in batch.to_pylist()
        )
        return sample_of(names_in(schema.names), rows, limit, stored=stored)


_READERS: dict[str, Callable[[Candidate, int], Sample]] = {
    ".parquet": _read_parquet,
    ".json": read_json,
    ".jsonl": read_json,
    ".ndjson": read_json,
}
