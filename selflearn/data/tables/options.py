"""Reading options of tables alone: `--read key=value`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _names(value: Any) -> Any:
    """One name, or several with commas between, as the command line gives them."""
    if isinstance(value, str):
        return tuple(each.strip() for each in value.split(",") if each.strip())
    return tuple(map(str, value)) if isinstance(value, list | tuple) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class TableReading(BaseModel):
    """How to read a table, where it should not be found out.

    Attributes
    ----------
    leave_out : columns that are no input, such as a target of regression.
    categories : columns of numbers that are names (postal codes, kinds of a thing).
    numbers : columns that hold numbers, whatever else stands in them; what is no number counts as missing.
    part : only rows with this value in the column "split" (or "part", "fold", "subset").
    most_categories : the most categories that a column keeps apart; the rarest beyond are one.
    header : whether the first line of a CSV names the columns; None looks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    leave_out: Names = ()
    categories: Names = ()
    numbers: Names = ()
    part: str | None = None
    most_categories: int = Field(default=255, ge=1, le=10_000)
    header: bool | None = None
