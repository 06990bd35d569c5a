//! This crate against a simulated AWS, over real HTTP: the wire is where such tools fail.

mod access;
mod chain;
mod effects;
mod faults;
mod observing;
mod waiting;
mod world;
