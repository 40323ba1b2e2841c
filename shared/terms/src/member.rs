//! What only some problems carry: each member by its name and type, in tables. What is written is
//! what the API document shows.

use serde::Serialize;

/// A member that only some problems have.
pub trait Member {
    /// Its name.
    const NAME: &'static str;
    /// What stands there.
    type Value: Serialize + ?Sized;
}

/// Declares members, each a type of its own: `/// what it says`, `Type "name": what stands there;`.
#[macro_export]
macro_rules! members {
    ($($(#[doc = $about:literal])+ $member:ident $name:literal: $value:ty;)+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone, Copy, Debug)]
            pub struct $member;

            impl $crate::Member for $member {
                const NAME: &'static str = $name;
                type Value = $value;
            }
        )+

        /// All of them, for the API document: the name, what it says, and what stands there.
        #[cfg(feature = "schema")]
        #[must_use]
        pub fn declared(schemas: &mut schemars::SchemaGenerator) -> Vec<(&'static str, &'static str, schemars::Schema)> {
            vec![$(($name, concat!($($about),+).trim_ascii(), schemas.subschema_for::<$value>())),+]
        }
    };
}

members! {
    /// What the log has more under.
    CorrelationId "correlation_id": str;
    /// `body_too_large`: how many bytes would do.
    LimitBytes "limit_bytes": u64;
    /// `scope_missing`: the scope that is needed.
    Scope "scope": str;
}
