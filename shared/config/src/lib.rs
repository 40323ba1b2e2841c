//! What is configured, each thing once: the variables (`variables`), who reads them ([`Group`]),
//! the components with what they may use ([`COMPONENTS`]), and the workers with their schedules
//! ([`WORKERS`]).
//!
//! A use case reads a variable by its constant: `config::CART_LINE_LIMIT.read(ports.config)?`. The
//! manifests, the page of variables, the deployment file and `GET /api/v1/config` are made from the
//! same rows (`cargo till generate`), so a variable that is added here is declared, bound,
//! documented and shown.
//!
//! A constant carries only what reading needs. The rest of its row is in [`VARIABLES`], which no
//! component links but the one that shows it.

mod components;
mod form;
mod setting;
mod variables;
mod workers;

pub use components::{COMPONENTS, Component, Group, Needs};
pub use form::{Form, Keys, Origins, Unit, is_redis};
pub use setting::{Rule, Setting, Unusable};
pub use variables::*;
pub use workers::*;

#[cfg(test)]
mod tests;
