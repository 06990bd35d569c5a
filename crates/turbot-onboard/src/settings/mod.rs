//! Settings, in typed stages: as typed -> layered, with their sources -> resolved, or every fault at once.

pub(crate) mod audit;
pub(crate) mod duration;
pub(crate) mod file;
pub(crate) mod fleet;
pub(crate) mod global;
pub(crate) mod handed;
pub(crate) mod keys;
pub(crate) mod layers;
pub(crate) mod manifest;
pub(crate) mod organization;
pub(crate) mod planned;
pub(crate) mod profile;
pub(crate) mod report;
pub(crate) mod resolver;
pub(crate) mod session;
pub(crate) mod source;
pub(crate) mod times;
pub(crate) mod turbot;
pub(crate) mod wanted;

#[cfg(test)]
mod tests;
