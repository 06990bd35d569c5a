//! The client on real connections: plain and TLS, whole and broken.

mod import;
#[cfg(target_os = "linux")]
mod keep_alive;
mod looks;
mod proxies;
mod server;
mod tls;
mod window;
