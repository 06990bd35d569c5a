//! Plain http is for this machine alone: the resolver that holds it to that.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::trouble::addresses;
use crate::url::is_loopback;

/// A name that plain http may not be spoken to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("plain http is for loopback addresses alone, and {host} resolves to {found}: use https")]
pub(crate) struct NotLoopback {
    host: String,
    found: String,
}

/// Resolves as the system does and passes only names whose every address is loopback. The connection is made to the
/// very addresses that were checked, so a name cannot change between check and use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoopbackOnly;

impl Resolve for LoopbackOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            checked(name.as_str(), found).map(|found| Box::new(found.into_iter()) as Addrs).map_err(Into::into)
        })
    }
}

fn checked(host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotLoopback> {
    if !found.is_empty() && found.iter().all(|a| is_loopback(a.ip())) {
        return Ok(found);
    }
    let found = if found.is_empty() { "nothing".to_owned() } else { addresses(&found) };
    Err(NotLoopback { host: host.to_owned(), found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_foreign_address_is_enough_to_refuse() {
        let a = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(checked("x", vec![a("127.0.0.1:0"), a("[::1]:0"), a("127.8.8.8:0")]).is_ok());
        let error = checked("x", vec![a("127.0.0.1:0"), a("192.0.2.7:0")]).unwrap_err();
        assert!(error.to_string().contains("192.0.2.7"), "{error}");
        assert!(checked("x", vec![]).is_err());
    }

    #[tokio::test]
    async fn the_resolver_holds_plain_http_to_this_machine() {
        let resolved = LoopbackOnly.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.is_ok_and(|found| found.count() > 0));
        let Err(error) = LoopbackOnly.resolve("192.0.2.7".parse().unwrap()).await else { panic!("it passed") };
        assert!(error.is::<NotLoopback>(), "{error}");
    }

    /// Stands for a name that has moved away from this machine.
    struct Moved;

    impl Resolve for Moved {
        fn resolve(&self, name: Name) -> Resolving {
            let moved = checked(name.as_str(), vec!["192.0.2.7:0".parse().unwrap()]);
            Box::pin(async move { moved.map(|a| Box::new(a.into_iter()) as Addrs).map_err(Into::into) })
        }
    }

    #[tokio::test]
    async fn a_name_that_moved_away_is_told_and_nothing_is_sent() {
        let client = reqwest::Client::builder().no_proxy().dns_resolver(Moved).build().unwrap();
        let error = client.get("http://turbot.test/").send().await.unwrap_err();
        let trouble = crate::trouble::Trouble::of(&error);
        assert!(trouble.unsent);
        assert_eq!(
            trouble.story,
            "plain http is for loopback addresses alone, and turbot.test resolves to 192.0.2.7: use https"
        );
    }
}
