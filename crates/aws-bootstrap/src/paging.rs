//! Lists in pages. IAM ends a page by size, not by count, and may send an empty one with more to follow.

use std::future::Future;

use crate::error::AwsError;

/// Reads a list to its end: a page is its items and the marker of the next one.
pub(crate) async fn pages<T, M, F, Fut>(mut page: F) -> Result<Vec<T>, AwsError>
where
    M: Clone + PartialEq,
    F: FnMut(Option<M>) -> Fut,
    Fut: Future<Output = Result<(Vec<T>, Option<M>), AwsError>>,
{
    let mut items = Vec::new();
    let mut marker: Option<M> = None;
    loop {
        let (more, next) = page(marker.clone()).await?;
        items.extend(more);
        // A marker that comes back unchanged would never end.
        if next.is_none() || next == marker {
            return Ok(items);
        }
        marker = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn empty_pages_do_not_end_a_list() {
        let all = pages(|marker: Option<u8>| async move {
            Ok(match marker {
                None => (vec![1], Some(1)),
                Some(1) => (vec![], Some(2)),
                Some(_) => (vec![2, 3], None),
            })
        });
        assert_eq!(all.await.unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_marker_that_stands_still_ends_it() {
        let all = pages(|_: Option<u8>| async { Ok((vec![0], Some(7))) });
        assert_eq!(all.await.unwrap(), [0, 0]);
    }
}
