//! Use cases over a scripted world (`tests/world`): whole stories, in milliseconds.

// Said for clippy, so that the helpers count as tests too and may unwrap.
#![cfg(test)]

#[path = "suite/attempts.rs"]
mod attempts;
#[path = "suite/world.rs"]
mod scripted_world;
