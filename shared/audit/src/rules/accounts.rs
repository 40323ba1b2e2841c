//! Stored value and its ledger.

use crate::Rule;

pub(super) const RULES: &[Rule] = &[Rule {
    code: "balance_is_the_sum_of_its_entries",
    sentence: "What an account has is the sum of its entries.",
    look_at: "the account's entries: a customer has more or less than anybody has given them. \
              Correct it once it is known which is right",
    walk: "accounts",
    subject: "a.account_id",
    detail: "{object}('balance_minor', a.balance_minor, 'entries', (select sum(l.amount_minor) from ledger as l where l.account_id = a.account_id))",
    broken: "{looked} as a where a.balance_minor <> coalesce((select sum(l.amount_minor) from ledger as l where l.account_id = a.account_id), 0)",
}];
