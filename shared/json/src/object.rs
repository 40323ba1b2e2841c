//! JSON in code.

use serde::Serialize;
use serde_json::{Map, Value};

/// A value in JSON's own notation, as `serde_json::json!` makes it: `json!({ "sku": sku, "lines":
/// [], "of": { "n": 2 } })`. Each member is one call here and some twenty instructions there, and a
/// large component has hundreds of them.
#[macro_export]
macro_rules! json {
    (@members $object:ident) => {};
    (@members $object:ident $name:literal: { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $crate::put(&mut $object, $name, $crate::json!({ $($inner)* }));
        $crate::json!(@members $object $($($rest)*)?);
    };
    (@members $object:ident $name:literal: [ $($item:expr),* $(,)? ] $(, $($rest:tt)*)?) => {
        $crate::put(&mut $object, $name, $crate::Value::Array(::std::vec![$($crate::value(&$item)),*]));
        $crate::json!(@members $object $($($rest)*)?);
    };
    (@members $object:ident $name:literal: $value:expr $(, $($rest:tt)*)?) => {
        $crate::member(&mut $object, $name, &$value);
        $crate::json!(@members $object $($($rest)*)?);
    };
    ({}) => {
        $crate::Value::Object($crate::Map::new())
    };
    ({ $($members:tt)* }) => {{
        let mut object = $crate::Map::new();
        $crate::json!(@members object $($members)*);
        $crate::Value::Object(object)
    }};
    ($value:expr) => {
        $crate::value(&$value)
    };
}

/// A value as JSON.
///
/// # Panics
/// As `serde_json::json!` does, for a map whose keys are no text.
pub fn value<T: Serialize + ?Sized>(value: &T) -> Value {
    #[expect(
        clippy::expect_used,
        reason = "a mistake in the code of a type, not of any value: see above"
    )]
    serde_json::to_value(value).expect("a value of ours is JSON")
}

/// Sets a member of an object.
///
/// # Panics
/// As [`value`].
pub fn member<T: Serialize + ?Sized>(object: &mut Map<String, Value>, name: &str, value: &T) {
    put(object, name, self::value(value));
}

/// Sets a member of an object to what is JSON already.
pub fn put(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.insert(name.to_owned(), value);
}

/// A value as text, its members in the order of their names.
#[must_use]
pub fn text(value: &Value) -> String {
    // Not its `Display`, which brings a second writer for `{:#}`. A `Value` is always JSON.
    serde_json::to_string(value).unwrap_or_default()
}
