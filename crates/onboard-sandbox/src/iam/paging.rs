use crate::wire::{ApiError, Params};
use crate::xml::Xml;

use super::naming;

/// One page of a list, with what the answer must say of the rest.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    marker: Option<String>,
}

/// Cuts the page that `MaxItems` and `Marker` ask for; AWS's default is 100 items.
pub(crate) fn page<T>(items: Vec<T>, params: &Params) -> Result<Page<T>, ApiError> {
    let most = naming::number(params, "MaxItems", 1, 1000)?.unwrap_or(100) as usize;
    let from = match params.get("Marker") {
        None => 0,
        Some(marker) => marker
            .strip_prefix("AAYA")
            .and_then(|offset| usize::from_str_radix(offset, 16).ok())
            .ok_or_else(|| ApiError::validation(format!("Invalid Marker: {marker}")))?,
    };
    let total = items.len();
    let items: Vec<T> = items.into_iter().skip(from).take(most).collect();
    let next = from + items.len();
    Ok(Page { items, marker: (next < total).then(|| format!("AAYA{next:08x}")) })
}

impl<T> Page<T> {
    /// Writes `IsTruncated` and, if there is more, `Marker`.
    pub(crate) fn write_end(&self, xml: &mut Xml) {
        xml.leaf("IsTruncated", if self.marker.is_some() { "true" } else { "false" });
        xml.optional("Marker", self.marker.as_deref());
    }
}
