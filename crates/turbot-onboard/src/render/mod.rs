//! Everything as people and machines see it. What comes from elsewhere is escaped here, at the last moment.

pub(crate) mod annotation;
pub(crate) mod difference;
pub(crate) mod doctor;
pub(crate) mod fleet;
mod fleet_count;
pub(crate) mod json;
pub(crate) mod manifest;
pub(crate) mod paint;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod settings;

#[cfg(test)]
mod tests;
