//! What a shop looks at before it takes an order (CHK-16): each of its rules watches one signal, and
//! the scores of those that are met are added up.

named_enum! {
    /// What a rule of fraud watches.
    pub enum Signal("a signal") {
        /// Every confirm; with an amount, those of more.
        Amount = "amount",
        /// Orders of the same session's owner.
        OrdersOfBuyer = "orders_of_buyer",
        /// Orders with the same e-mail, whoever made them.
        OrdersToEmail = "orders_to_email",
        /// Orders to the same address, whoever made them.
        OrdersToAddress = "orders_to_address",
        /// Orders paid with the same card, whoever made them. The provider knows a card again, once
        /// it has been asked.
        OrdersOfCard = "orders_of_card",
        /// Cards that the provider refused for the same owner.
        DeclinesOfBuyer = "declines_of_buyer",
        /// Codes that are none, tried by the same owner in this hour of the clock.
        WrongCodes = "wrong_codes",
        /// Changes of the cart, if it is young.
        CartChanges = "cart_changes",
        /// A customer since a short time; a guest is one since no time.
        NewAccount = "new_account",
        /// Billed in another country than it goes to.
        BillingCountry = "billing_country",
        /// Paid with a card of another country than it goes to.
        CardCountry = "card_country",
    }
}

impl Signal {
    /// Whether there can be many of it, so that a rule says how many are too many.
    #[must_use]
    pub const fn is_counted(self) -> bool {
        match self {
            Self::OrdersOfBuyer
            | Self::OrdersToEmail
            | Self::OrdersToAddress
            | Self::OrdersOfCard
            | Self::DeclinesOfBuyer
            | Self::WrongCodes
            | Self::CartChanges => true,
            Self::Amount | Self::NewAccount | Self::BillingCountry | Self::CardCountry => false,
        }
    }

    /// Whether a rule says in how long a time.
    #[must_use]
    pub const fn has_time(self) -> bool {
        match self {
            Self::OrdersOfBuyer
            | Self::OrdersToEmail
            | Self::OrdersToAddress
            | Self::OrdersOfCard
            | Self::DeclinesOfBuyer
            | Self::CartChanges
            | Self::NewAccount => true,
            Self::Amount | Self::WrongCodes | Self::BillingCountry | Self::CardCountry => false,
        }
    }
}

/// What becomes of a confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It becomes an order.
    Allow,
    /// It becomes an order that waits for a person, with its money held.
    Review,
    /// It becomes none.
    Deny,
}

/// What a score comes to; what is denied goes before what is looked at.
#[must_use]
pub const fn decide(score: i64, review_from: i64, deny_from: i64) -> Decision {
    if score >= deny_from {
        Decision::Deny
    } else if score >= review_from {
        Decision::Review
    } else {
        Decision::Allow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_looked_at_from_one_bound_on_and_denied_from_the_other() {
        let decided = [-10, 49, 50, 99, 100].map(|score| decide(score, 50, 100));
        use Decision::{Allow, Deny, Review};
        assert_eq!(decided, [Allow, Allow, Review, Review, Deny]);
        // Where both are the same nothing is looked at.
        assert_eq!(decide(100, 100, 100), Deny);
    }

    #[test]
    fn a_rule_says_how_many_and_in_what_time_where_that_means_something() {
        let named = |says: fn(Signal) -> bool| -> Vec<&str> {
            Signal::ALL
                .iter()
                .filter(|signal| says(**signal))
                .map(|signal| signal.as_str())
                .collect()
        };
        assert_eq!(
            named(|signal| !signal.is_counted()),
            ["amount", "new_account", "billing_country", "card_country"]
        );
        assert_eq!(
            named(|signal| !signal.has_time()),
            ["amount", "wrong_codes", "billing_country", "card_country"]
        );
    }
}
