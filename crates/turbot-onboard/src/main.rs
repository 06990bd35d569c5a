//! The command: see the library's page.

fn main() -> std::process::ExitCode {
    turbot_onboard::run()
}
