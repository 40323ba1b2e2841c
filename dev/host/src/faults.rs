//! What can be made to go wrong, as data: a [`Plan`] says at which host call of a run, and what.
//!
//! Plans come with a request (the header `till-fault`, heard with `--faults`) or are set for a
//! component on the control port ([`crate::control`]). A plan that cannot be carried out is an
//! error of whoever made it and never passed over in silence.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::calls::{Call, Kind};

/// One fault, and the host calls it strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Which of the calls that fit, counted from 1 in each run; without it every one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<usize>,
    /// Only calls of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Only calls whose label has this in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What happens there.
    pub fault: Fault,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The guest dies, and the effect does not come about.
    StopBefore,
    /// The effect comes about, and the guest dies without learning of it.
    StopAfter,
    /// The effect comes about, and the guest is told what a connection that broke meanwhile tells.
    /// Of the response it is the client that hears nothing: its connection closes.
    LoseAnswer,
    /// The effect does not come about, and the guest is told so in the interface's own words.
    Fail(Failure),
    /// The call takes so much longer.
    DelayMs(u64),
    /// The whole host ends at once, before the effect.
    KillHostBefore,
    /// The whole host ends at once, after it.
    KillHostAfter,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// SQL, key-values in a file: somebody holds the lock for too long.
    Busy,
    /// Everywhere: the connection breaks (a file: cannot be read or written).
    ConnectionLost,
    /// HTTP: nobody listens.
    ConnectionRefused,
    /// HTTP, PostgreSQL: no answer in time.
    Timeout,
}

/// An answer that can be a failure.
pub trait Failing: Sized {
    /// The answer of a call that failed so; `None` where the interface has no such failure.
    fn failing(failure: Failure) -> Option<Self>;
}

impl Plan {
    /// `before 3`, `after 3`: the header `till-stop`.
    pub fn of_stop(text: &str) -> Result<Self> {
        let (fault, number) = match text.split_once(' ') {
            Some(("before", number)) => (Fault::StopBefore, number),
            Some(("after", number)) => (Fault::StopAfter, number),
            Some(_) | None => bail!("{text:?} is neither `before N` nor `after N`"),
        };
        Self { call: Some(number.parse()?), kind: None, label: None, fault }.checked()
    }

    /// A plan in JSON, or a list of them: the header `till-fault`.
    pub fn read(text: &str) -> Result<Vec<Self>> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Several(Vec<serde_json::Value>),
            One(serde_json::Value),
        }
        let plans = match serde_json::from_str(text)? {
            Written::Several(plans) => plans,
            Written::One(plan) => vec![plan],
        };
        plans.into_iter().map(|plan| serde_json::from_value::<Self>(plan)?.checked()).collect()
    }

    /// The plan, if it can be carried out anywhere.
    pub fn checked(self) -> Result<Self> {
        ensure!(self.call != Some(0), "host calls are counted from 1");
        ensure!(
            !(self.kind == Some(Kind::ResponseSet) && matches!(self.fault, Fault::Fail(_))),
            "the setting of a response cannot fail; its answer can be lost"
        );
        Ok(self)
    }

    /// Whether it strikes this call, which comes after `calls`.
    fn strikes(&self, calls: &[Call], kind: Kind, label: &str) -> bool {
        let fits = |its_kind: Kind, its_label: &str| {
            self.kind.is_none_or(|wanted| wanted == its_kind)
                && self.label.as_deref().is_none_or(|wanted| its_label.contains(wanted))
        };
        let number = || 1 + calls.iter().filter(|call| fits(call.kind, &call.label)).count();
        fits(kind, label) && self.call.is_none_or(|wanted| wanted == number())
    }
}

/// A plan in force for one run.
#[derive(Clone, Debug)]
pub struct Armed {
    plan: Plan,
    /// The setting it comes from, which has only so many strikes.
    setting: Option<Arc<Setting>>,
}

impl From<Plan> for Armed {
    fn from(plan: Plan) -> Self {
        Self { plan, setting: None }
    }
}

impl Armed {
    /// The fault, if it strikes this call, which comes after `calls`.
    pub fn strike(&self, calls: &[Call], kind: Kind, label: &str) -> Option<Fault> {
        let strikes = self.plan.strikes(calls, kind, label)
            && self.setting.as_ref().is_none_or(|setting| setting.take());
        strikes.then_some(self.plan.fault)
    }
}

/// A plan set for a component.
#[derive(Debug, Serialize)]
pub struct Setting {
    /// Its number.
    pub id: u64,
    /// Whose runs.
    pub component: String,
    /// What happens to them.
    pub plan: Plan,
    /// How often it can still strike.
    pub left: AtomicU32,
    /// How often it has.
    pub struck: AtomicU32,
}

impl Setting {
    fn take(&self) -> bool {
        let taken = self
            .left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1))
            .is_ok();
        self.struck.fetch_add(u32::from(taken), Ordering::AcqRel);
        taken
    }
}

/// The plans set for components.
#[derive(Debug, Default)]
pub struct Settings(RwLock<Vec<Arc<Setting>>>);

impl Settings {
    /// Sets a plan; gives its number.
    pub fn add(&self, component: String, plan: Plan, times: u32) -> u64 {
        let mut settings = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let id = settings.last().map_or(1, |last| last.id + 1);
        settings.push(Arc::new(Setting {
            id,
            component,
            plan,
            left: AtomicU32::new(times),
            struck: AtomicU32::new(0),
        }));
        id
    }

    /// What is in force for a run of `component` that begins now.
    pub fn armed(&self, component: &str) -> Vec<Armed> {
        let settings = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let of_component = settings.iter().filter(|setting| {
            setting.component == component && setting.left.load(Ordering::Acquire) > 0
        });
        of_component
            .map(|setting| Armed { plan: setting.plan.clone(), setting: Some(setting.clone()) })
            .collect()
    }

    /// All of them, the spent ones too.
    pub fn list(&self) -> Vec<Arc<Setting>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Removes one, or all. `false` when there is none of that number. A run under way is struck no
    /// more either.
    pub fn clear(&self, only: Option<u64>) -> bool {
        let mut settings = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = settings.len();
        settings.retain(|setting| {
            let stays = only.is_some_and(|id| id != setting.id);
            if !stays {
                setting.left.store(0, Ordering::Release);
            }
            stays
        });
        only.is_none() || settings.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(kind: Kind, label: &str) -> Call {
        Call { kind, label: label.to_owned(), micros: 0, fault: None }
    }

    #[test]
    fn a_plan_is_read_whole_or_refused() {
        let stop = Plan::of_stop("after 3").unwrap();
        assert_eq!(Plan::read(r#"{"call":3,"fault":"stop_after"}"#).unwrap(), [stop]);
        let several =
            Plan::read(r#"[{"kind":"kv_get","label":"lease/","fault":{"fail":"busy"}},{"call":2,"fault":{"delay_ms":5}}]"#).unwrap();
        assert_eq!(
            (several[0].fault, several[1].fault),
            (Fault::Fail(Failure::Busy), Fault::DelayMs(5))
        );
        for bad in [
            "",
            "stop_after",
            r#"{"call":3}"#,
            r#"{"call":0,"fault":"stop_after"}"#,
            r#"{"call":1,"fault":"stop"}"#,
            r#"{"cal":1,"fault":"stop_after"}"#,
            r#"{"kind":"kv","fault":"stop_after"}"#,
            r#"{"kind":"response_set","fault":{"fail":"busy"}}"#,
        ] {
            Plan::read(bad).unwrap_err();
        }
        for bad in ["before", "before 0", "during 1", "after -1", "after x"] {
            Plan::of_stop(bad).unwrap_err();
        }
    }

    #[test]
    fn a_call_is_named_by_number_kind_and_label() {
        let made = [call(Kind::KvGet, "default: a"), call(Kind::Statement, "default: select 1")];
        let strikes =
            |plan: &str| Plan::read(plan).unwrap()[0].strikes(&made, Kind::KvGet, "default: b");
        assert!(strikes(r#"{"fault":"stop_before"}"#));
        assert!(strikes(r#"{"call":3,"fault":"stop_before"}"#));
        assert!(strikes(r#"{"call":2,"kind":"kv_get","fault":"stop_before"}"#));
        assert!(strikes(r#"{"call":1,"kind":"kv_get","label":": b","fault":"stop_before"}"#));
        assert!(!strikes(r#"{"call":2,"fault":"stop_before"}"#));
        assert!(!strikes(r#"{"kind":"kv_set","fault":"stop_before"}"#));
        assert!(!strikes(r#"{"label":": a","fault":"stop_before"}"#));
    }

    #[test]
    fn a_setting_strikes_as_often_as_it_was_told_to() {
        let settings = Settings::default();
        let plan = Plan::of_stop("before 1").unwrap();
        assert_eq!(settings.add("cart".to_owned(), plan.clone(), 2), 1);
        assert_eq!(settings.add("order".to_owned(), plan, 1), 2);
        let run = || {
            settings.armed("cart").iter().any(|armed| armed.strike(&[], Kind::KvGet, "").is_some())
        };
        assert_eq!([run(), run(), run()], [true, true, false]);
        assert_eq!(settings.list()[0].struck.load(Ordering::Acquire), 2);
        let begun = settings.armed("order");
        assert!(settings.clear(Some(2)) && !settings.clear(Some(2)));
        assert!(begun[0].strike(&[], Kind::KvGet, "").is_none(), "cleared under a run");
        assert!(settings.clear(None) && settings.list().is_empty());
    }
}
