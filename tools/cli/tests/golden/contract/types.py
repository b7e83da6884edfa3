# shop v2+001122334455, written by `selfsame version types`.
#
# `NotRequired[T]` may be absent and `T | None` may be null; the engine tells them apart, and keeps keys that are
# not named here unless the schema closes the object.
#
# An `int` has no limit here, and the engine keeps integers beyond 2^53 as they were written; other programs that
# read JSON may round them. A `float` rounds numbers with more than 17 digits.

from typing import Any, Final, Literal, Never, NotRequired, Optional, TypeAlias, TypedDict, Union

# The version, to be named as `dataschema` and `read_as`.
VERSION: Final = "v2"


# The data of the event type `2fa`.
class T2fa(TypedDict):
    pass


# The data of the event type `order-placed`.
class OrderPlaced(TypedDict):
    tree: NotRequired["OrderPlacedTree"]


# The data of the event type `order.placed`.
# Somebody wants something. */ """ \
# They pay later.
OrderPlaced2 = TypedDict(
    "OrderPlaced2",
    {
        "amount": NotRequired["OrderPlaced2Amount"],
        "anything": NotRequired[Any],
        "at": NotRequired[str],
        # To whom the bill goes.
        "bill_to": NotRequired["Address"],
        "class": Optional["OrderPlaced2Class"],
        "count": NotRequired[int],
        "first name": str,
        "firstName": NotRequired[str],
        "first_name": NotRequired[str],
        "gift": NotRequired[str | None],
        "größe": "OrderPlacedGrE",
        "hint": NotRequired[str],
        "items": list["OrderPlacedItem"],
        "kind": "OrderPlaced2Kind",
        "labels": NotRequired[dict[str, str | None]],
        "level": NotRequired[Literal[1, 2]],
        "nest": NotRequired["OrderPlacedNest"],
        "note": str | None,
        "nothing": NotRequired[Never],
        "order_id": str,
        "paid": Optional["OrderPlaced2Paid"],
        "place": NotRequired[list[float]],
        "self": NotRequired[bool],
        "to": "Address",
        "total": float,
    },
)


OrderPlaced2Amount: TypeAlias = float | str


OrderPlaced2Class: TypeAlias = Literal["a", "b"]


OrderPlaced2Kind: TypeAlias = Literal["order"]


OrderPlaced2Paid: TypeAlias = Union["OrderPlacedCard", "OrderPlacedCash"]


# A job input of `dispatch`.
DispatchInput: TypeAlias = Union["DispatchInputOrderPlaced", "DispatchInputOrderPlaced2"]


# order-placed
class DispatchInputOrderPlaced(TypedDict):
    key: str


# order.placed
class DispatchInputOrderPlaced2(TypedDict):
    hint: NotRequired[str]
    name: str
    sku: list["OrderPlacedItem"]
    to: "Address"


# A row of `order`.
class OrderRow(TypedDict):
    all: "OrderPlaced2"
    at: str
    city: NotRequired[str | None]
    note: str | None
    notes: NotRequired[list[str]]
    open: Literal[True]
    to: "Address"
    total: float


# A row of `tally`.
TallyRow = TypedDict(
    "TallyRow",
    {
        "class": NotRequired[Optional["TallyRowClass"]],
        "cost": NotRequired["TallyRowCost"],
        "count": int,
        "latest": NotRequired[str],
        "mark": "TallyRowMark",
        "sum": NotRequired[int],
        "top": NotRequired[int],
    },
)


TallyRowClass: TypeAlias = Literal["a", "b"]


TallyRowCost: TypeAlias = Literal["$5"]


TallyRowMark: TypeAlias = Union[Literal[1], "TallyRowMarkOption2"]


TallyRowMarkOption2: TypeAlias = Literal["x"]


# Where something is sent.
class Address(TypedDict):
    city: NotRequired[str | None]
    country: NotRequired["Country"]
    street: str


Country: TypeAlias = Literal["de", "en-GB", "", "!"]


OrderPlacedTree: TypeAlias = Union[str, list["OrderPlacedTree"], dict[str, "OrderPlacedTree"]]


class OrderPlacedCard(TypedDict):
    card: str


# Other keys hold `int`, which a TypedDict cannot say.
class OrderPlacedCash(TypedDict):
    cash: int
    change: NotRequired[int]


OrderPlacedGrE: TypeAlias = int | None


class OrderPlacedItem(TypedDict):
    instead: NotRequired["OrderPlacedItem"]
    parts: NotRequired[list["OrderPlacedItem"]]
    sku: str


OrderPlacedNest: TypeAlias = list["OrderPlacedNest"]
