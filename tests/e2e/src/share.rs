//! A link by which somebody looks at a shopper's cart.

use crate::{Call, Guest, Reply, Shop};
use serde_json::{Value, json};

/// A share of a cart, as who was given the link has it.
#[derive(Clone, Debug)]
pub struct Share<'s> {
    shop: &'s Shop,
    /// Its id, which only the owner needs.
    pub share_id: String,
    /// What is shown.
    pub token: String,
    /// When it ends.
    pub expires_at_ms: i64,
}

impl<'s> Guest<'s> {
    /// A call that shares the cart.
    pub fn sharing(&self, body: &Value) -> Call {
        self.call("POST", "/api/v1/cart/shares").json(body)
    }

    /// Shares the cart.
    #[track_caller]
    #[must_use]
    pub fn share(&self) -> Share<'s> {
        self.share_for(3_600)
    }

    /// Shares the cart for so many seconds.
    #[track_caller]
    #[must_use]
    pub fn share_for(&self, seconds: i64) -> Share<'s> {
        let made = self.sharing(&json!({ "expires_in_seconds": seconds })).send().expect(201);
        let text = |name: &str| {
            made[name].as_str().unwrap_or_else(|| panic!("no {name}: {made}")).to_owned()
        };
        Share {
            shop: self.shop,
            share_id: text("share_id"),
            token: text("share_token"),
            expires_at_ms: made["expires_at_ms"]
                .as_i64()
                .unwrap_or_else(|| panic!("no expires_at_ms: {made}")),
        }
    }

    /// A call that revokes a share.
    pub fn revoking(&self, share_id: &str) -> Call {
        self.call("DELETE", &format!("/api/v1/cart/shares/{share_id}"))
    }

    /// The live shares' ids.
    #[track_caller]
    #[must_use]
    pub fn shares(&self) -> Vec<String> {
        let listed = self.call("GET", "/api/v1/cart/shares").send().expect(200);
        let shares = listed["shares"].as_array().unwrap_or_else(|| panic!("no list: {listed}"));
        shares
            .iter()
            .map(|share| share["share_id"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

impl Share<'_> {
    /// A call with the share's token.
    pub fn call(&self, method: &str, path: &str) -> Call {
        self.shop.call(method, path).bearer(&self.token)
    }

    /// A look at the cart.
    pub fn look(&self) -> Reply {
        self.call("GET", "/api/v1/cart").send()
    }
}
