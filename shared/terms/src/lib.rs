//! What a use case and whoever asks it agree on: how a change is wanted ([`Change`]), what was done
//! ([`Done`]), and why something was not ([`Problem`]).
//!
//! Nothing here knows how a request arrives or how a reply leaves: `shared/edge` makes HTTP of it,
//! tests and workers take it as it is.

mod change;
mod cloud_event;
mod done;
mod hash;
mod log;
pub mod member;
mod problem;
mod rendered;
mod sheet;
mod signed;

pub use change::{Change, KeyedChange, Precondition};
pub use cloud_event::{Attributes as EventAttributes, CloudEvent};
pub use done::{Done, Tag};
pub use hash::{fingerprint, hex};
pub use log::log;
pub use member::Member;
pub use problem::{Problem, Told};
pub use problems::Code;
pub use rendered::Rendered;
pub use sheet::{Form, Sheet, SheetPage};
pub use signed::Signed;
