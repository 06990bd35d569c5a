//! The client on real connections: plain and TLS, whole and broken.

mod import;
mod looks;
mod proxies;
mod server;
mod tls;
mod window;
