//! Where secrets come from, and that they go nowhere: every world searches all that was printed and written when it is
//! dropped; here are the ways out that this does not see, and that the search finds what there is to find.

#[path = "../harness/mod.rs"]
mod harness;

mod echoes;
mod processes;
mod search;
mod sources;
