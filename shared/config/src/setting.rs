//! Reading a variable: its text alone, and beside the others that its component has.

use ports::{Config, ConfigError};

/// A variable and how its text is read.
pub struct Setting<T: 'static> {
    /// The variable's name in `spin.toml`.
    pub name: &'static str,
    /// Reads the text, or says what would be right.
    pub(crate) parse: fn(&str) -> Result<T, &'static str>,
    /// What it must be where it is not bound.
    pub(crate) default: Option<&'static str>,
    /// What it must be beside others.
    pub(crate) rules: &'static [Rule],
}

impl<T> std::fmt::Debug for Setting<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What one time must be beside others: at least so many times each of them, and some more.
#[derive(Debug)]
pub struct Rule {
    /// What it must hold: how many times which variable.
    pub holds: &'static [(i64, &'static str)],
    /// And so many milliseconds more.
    pub spare_ms: i64,
    /// The same in words.
    pub right: &'static str,
    /// What would go wrong.
    pub otherwise: &'static str,
}

/// Why a variable cannot be used. Its value is in none of these: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is not bound to this component.
    #[error("variable {name}: not bound")]
    Unbound {
        /// The variable.
        name: &'static str,
    },
    /// Whoever keeps it does not tell it now. Nothing is wrong with the request that needs it, and
    /// it may be sent again.
    #[error("variable {name}: {reason}")]
    Away {
        /// The variable.
        name: &'static str,
        /// Why, for the log.
        reason: String,
    },
    /// Its value will not do, alone or beside another.
    #[error("variable {name}: {right}")]
    Wrong {
        /// The variable.
        name: &'static str,
        /// What would be right.
        right: String,
    },
}

impl Unusable {
    /// Which variable it is.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unbound { name } | Self::Away { name, .. } | Self::Wrong { name, .. } => name,
        }
    }
}

impl<T> Setting<T> {
    /// Its value, parsed, and within its rules beside the variables that this component has too.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn read(&self, config: &dyn Config) -> Result<T, Unusable> {
        self.bound(config)?.ok_or(Unusable::Unbound { name: self.name })
    }

    /// The same where the component may be without it: `None` for one that is not bound. One whose
    /// keeper is away is an error, for then it is not known.
    ///
    /// # Errors
    /// [`Unusable::Away`] and [`Unusable::Wrong`].
    pub fn bound(&self, config: &dyn Config) -> Result<Option<T>, Unusable> {
        match text(self.name, config)? {
            Some(text) => self.take(&text, config).map(Some),
            None => Ok(None),
        }
    }

    /// The same, with the default of its row where it is not bound.
    ///
    /// # Errors
    /// As [`Setting::read`].
    pub fn or_default(&self, config: &dyn Config) -> Result<T, Unusable> {
        match (text(self.name, config)?, self.default) {
            (Some(text), _) => self.take(&text, config),
            (None, Some(default)) => self.take(default, config),
            (None, None) => Err(Unusable::Unbound { name: self.name }),
        }
    }

    /// That the value is not what its reader can use, though its form is right.
    #[must_use]
    pub fn unusable(&self, right: impl Into<String>) -> Unusable {
        Unusable::Wrong { name: self.name, right: right.into() }
    }

    fn take(&self, text: &str, config: &dyn Config) -> Result<T, Unusable> {
        let value = (self.parse)(text).map_err(|right| self.unusable(right))?;
        match broken_here(self.name, self.rules, config)? {
            Some(rule) => Err(self.unusable(rule.right)),
            None => Ok(value),
        }
    }
}

/// The text of a variable; `None` where it is not bound.
fn text(name: &'static str, config: &dyn Config) -> Result<Option<String>, Unusable> {
    match config.get(name) {
        Ok(text) => Ok(Some(text)),
        Err(ConfigError::Undefined { .. }) => Ok(None),
        Err(ConfigError::Provider { reason, .. }) => Err(Unusable::Away { name, reason }),
    }
}

/// The first rule that is not kept beside the variables of this component. While their keeper is
/// away none is known to be kept.
fn broken_here(
    name: &'static str,
    rules: &'static [Rule],
    config: &dyn Config,
) -> Result<Option<&'static Rule>, Unusable> {
    let away = std::cell::OnceCell::new();
    let value_of = |other: &str| match config.get(other) {
        Ok(text) => Some(text),
        Err(ConfigError::Undefined { .. }) => None,
        Err(ConfigError::Provider { reason, .. }) => {
            away.get_or_init(|| reason);
            None
        }
    };
    let rule = broken(name, rules, value_of);
    away.into_inner().map_or(Ok(rule), |reason| Err(Unusable::Away { name, reason }))
}

/// The first rule that the variable `name` does not keep. What `value_of` does not know, or what is
/// no number, is not compared: a component has the variables it reads, and a value that will not do
/// is named by itself.
pub(crate) fn broken(
    name: &str,
    rules: &'static [Rule],
    value_of: impl Fn(&str) -> Option<String>,
) -> Option<&'static Rule> {
    let ms = |name: &str| {
        let number: i64 = value_of(name)?.parse().ok()?;
        Some(if name.ends_with("_seconds") { number.saturating_mul(1_000) } else { number })
    };
    rules.iter().find(|rule| {
        let needed = rule.holds.iter().try_fold(rule.spare_ms, |sum, (times, other)| {
            ms(other).map(|value| sum.saturating_add(value.saturating_mul(*times)))
        });
        matches!((ms(name), needed), (Some(value), Some(needed)) if value < needed)
    })
}
