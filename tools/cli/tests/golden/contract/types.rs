// shop v2+001122334455, written by `selfsame version types`.
//
// Needs the crates `serde` (with `derive`) and `serde_json`.
//
// A member that may be absent is an `Option` that is left out if it is `None`. One that must be there and may be
// null is an `Option`, too, and absence is refused. One that may be either is an `Option<Option<T>>`: `None` is
// absent, `Some(None)` is null. Members that are not named are passed over when reading, unless the schema closes
// the object (then they are refused) or says what they are (then they are in `others`).
//
// An integer is an `i64`: one beyond 64 bits, or written with a fraction (`1.0`), is refused here and kept by the
// engine; one beyond 2^53 may be rounded by other programs that read JSON. A number is a `serde_json::Number`, so
// that `1` is written as `1` again; it rounds numbers with more than 17 digits.

/// The version, to be named as `dataschema` and `read_as`.
pub const VERSION: &str = "v2";

/// The data of the event type `2fa`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct T2fa {
}

/// The data of the event type `order-placed`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OrderPlaced {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub tree: Option<OrderPlacedTree>,
}

/// The data of the event type `order.placed`.
/// Somebody wants something. */ """ \
/// They pay later.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OrderPlaced2 {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub amount: Option<OrderPlaced2Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub anything: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub at: Option<String>,
    /// To whom the bill goes.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub bill_to: Option<Address>,
    #[serde(deserialize_with = "required")]
    pub class: Option<OrderPlaced2Class>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub count: Option<i64>,
    #[serde(rename = "first name")]
    pub first_name: String,
    #[serde(rename = "firstName", default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub first_name_2: Option<String>,
    #[serde(rename = "first_name", default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub first_name_3: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub gift: Option<Option<String>>,
    #[serde(rename = "größe", deserialize_with = "required")]
    pub gr_uf6_udf_e: OrderPlacedGrE,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub hint: Option<String>,
    pub items: Vec<OrderPlacedItem>,
    pub kind: OrderPlaced2Kind,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub labels: Option<std::collections::BTreeMap<String, Option<String>>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub level: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub nest: Option<OrderPlacedNest>,
    #[serde(deserialize_with = "required")]
    pub note: Option<String>,
    pub order_id: String,
    #[serde(deserialize_with = "required")]
    pub paid: Option<OrderPlaced2Paid>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub place: Option<Vec<serde_json::Number>>,
    #[serde(rename = "self", default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub self_: Option<bool>,
    pub to: Address,
    pub total: serde_json::Number,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum OrderPlaced2Amount {
    Text(String),
    Number(serde_json::Number),
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum OrderPlaced2Class {
    #[serde(rename = "a")]
    A,
    #[serde(rename = "b")]
    B,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum OrderPlaced2Kind {
    #[serde(rename = "order")]
    Order,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum OrderPlaced2Paid {
    OrderPlacedCard(OrderPlacedCard),
    OrderPlacedCash(OrderPlacedCash),
}

/// A job input of `dispatch`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum DispatchInput {
    DispatchInputOrderPlaced(DispatchInputOrderPlaced),
    DispatchInputOrderPlaced2(DispatchInputOrderPlaced2),
}

/// order-placed
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DispatchInputOrderPlaced {
    pub key: String,
}

/// order.placed
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DispatchInputOrderPlaced2 {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub hint: Option<String>,
    pub name: String,
    pub sku: Vec<OrderPlacedItem>,
    pub to: Address,
}

/// A row of `order`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OrderRow {
    pub all: OrderPlaced2,
    pub at: String,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub city: Option<Option<String>>,
    #[serde(deserialize_with = "required")]
    pub note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub notes: Option<Vec<String>>,
    pub open: bool,
    pub to: Address,
    pub total: serde_json::Number,
}

/// A row of `tally`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TallyRow {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub class: Option<Option<TallyRowClass>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub cost: Option<TallyRowCost>,
    pub count: i64,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub latest: Option<String>,
    pub mark: TallyRowMark,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub sum: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub top: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum TallyRowClass {
    #[serde(rename = "a")]
    A,
    #[serde(rename = "b")]
    B,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum TallyRowCost {
    #[serde(rename = "$5")]
    T5,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum TallyRowMark {
    Integer(i64),
    TallyRowMarkOption2(TallyRowMarkOption2),
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum TallyRowMarkOption2 {
    #[serde(rename = "x")]
    X,
}

/// Where something is sent.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Address {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub city: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub country: Option<Country>,
    pub street: String,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Country {
    #[serde(rename = "de")]
    De,
    #[serde(rename = "en-GB")]
    EnGB,
    #[serde(rename = "")]
    T,
    #[serde(rename = "!")]
    T2,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum OrderPlacedTree {
    Text(String),
    List(Vec<OrderPlacedTree>),
    Map(std::collections::BTreeMap<String, OrderPlacedTree>),
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderPlacedCard {
    pub card: String,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OrderPlacedCash {
    pub cash: i64,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub change: Option<i64>,
    /// Members that have no field.
    #[serde(flatten)]
    pub others: std::collections::BTreeMap<String, i64>,
}

pub type OrderPlacedGrE = Option<i64>;

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OrderPlacedItem {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub instead: Option<Box<OrderPlacedItem>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub parts: Option<Vec<OrderPlacedItem>>,
    pub sku: String,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct OrderPlacedNest(pub Vec<OrderPlacedNest>);

/// A member that is there, whether it is null or not.
fn present<'de, T: serde::Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A member that must be there, null or not. Without this, serde takes absence for null.
fn required<'de, T: serde::Deserialize<'de>, D: serde::Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(deserializer)
}
