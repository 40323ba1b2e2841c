//! JSON whose type is known.

use crate::Problem;
use json::Value;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, marker::PhantomData};

/// A `T` as JSON: most often a receipt or a row, as a statement has rendered it.
///
/// That is handed on as it is, since a struct between a statement and the wire would cost every
/// component its bytes, and a replay must be told the very bytes of the first time. So a `T` that
/// stands only in here is never made: it says what the statement renders, for the API document and
/// for whoever reads the code. The end-to-end suite holds what the running functions answer against
/// it, and refuses every reply that it does not describe, down to the last field.
pub struct Rendered<T> {
    value: Value,
    of: PhantomData<fn() -> T>,
}

impl<T> Rendered<T> {
    /// Says that `value` is a `T`: a statement has rendered it so.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Self { value, of: PhantomData }
    }

    /// `value` as JSON, its members in the order of their names.
    #[must_use]
    pub fn of(value: &T) -> Self
    where
        T: Serialize,
    {
        Self::new(json::value(value))
    }

    /// A member that names something of ours.
    ///
    /// # Errors
    /// `internal`, if it is not there or names nothing.
    pub fn id<I: for<'a> TryFrom<&'a str>>(&self, member: &str) -> Result<I, Problem> {
        let id =
            self.value.get(member).and_then(Value::as_str).and_then(|text| I::try_from(text).ok());
        id.ok_or_else(|| Problem::internal(format!("{member} is not there, or is none")))
    }

    /// A member that is a text.
    #[must_use]
    pub fn text(&self, member: &str) -> Option<&str> {
        self.value.get(member)?.as_str()
    }

    /// A member that is a number.
    #[must_use]
    pub fn number(&self, member: &str) -> Option<i64> {
        self.value.get(member)?.as_i64()
    }
}

impl<T> Clone for Rendered<T> {
    fn clone(&self) -> Self {
        Self::new(self.value.clone())
    }
}

impl<T> fmt::Debug for Rendered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered").finish_non_exhaustive()
    }
}

impl<T> Serialize for Rendered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Rendered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::new)
    }
}

/// The schema of what it is.
#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Rendered<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(schemas: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(schemas)
    }
}
