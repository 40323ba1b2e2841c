//! Use cases over a scripted world (`tests/world`): whole stories, in milliseconds.

// Said for clippy, so that the helpers count as tests too and may unwrap.
#![cfg(test)]

#[path = "suite/attempts.rs"]
mod attempts;
#[path = "suite/bounds.rs"]
mod bounds;
#[path = "suite/carts.rs"]
mod carts;
#[path = "suite/catalog.rs"]
mod catalog;
#[path = "suite/cool_down.rs"]
mod cool_down;
#[path = "suite/edges.rs"]
mod edges;
#[path = "suite/files.rs"]
mod files;
#[path = "suite/fraud.rs"]
mod fraud;
#[path = "suite/health.rs"]
mod health;
#[path = "suite/idle_carts.rs"]
mod idle_carts;
#[path = "suite/moves.rs"]
mod moves;
#[path = "suite/operators.rs"]
mod operators;
#[path = "suite/person.rs"]
mod person;
#[path = "suite/promotions.rs"]
mod promotions;
#[path = "suite/receivers.rs"]
mod receivers;
#[path = "suite/refunds.rs"]
mod refunds;
#[path = "suite/replies.rs"]
mod replies;
#[path = "suite/retention.rs"]
mod retention;
#[path = "suite/saved_methods.rs"]
mod saved_methods;
#[path = "suite/world.rs"]
mod scripted_world;
#[path = "suite/switches.rs"]
mod switches;
#[path = "suite/tries.rs"]
mod tries;
#[path = "suite/unknown_outcomes.rs"]
mod unknown_outcomes;
