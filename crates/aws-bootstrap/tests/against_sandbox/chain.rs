//! The SDK's own chain: environment and profiles. Each case runs in a child process, whose environment is its own.

use std::process::Command;

use aws_bootstrap::{Aws, AwsSettings, SharedHttp};

use crate::world::World;

/// Names the profile that a child is to use; without it the child's test has nothing to do.
const PROFILE: &str = "AWS_BOOTSTRAP_TEST_PROFILE";
/// Names the file that the child is to answer in.
const ANSWER: &str = "AWS_BOOTSTRAP_TEST_ANSWER";
const IN_A_CHILD: &str = "chain::as_the_environment_says";

/// What the child does: says who it is, where, or why not.
#[tokio::test]
async fn as_the_environment_says() {
    let Ok(profile) = std::env::var(PROFILE) else { return };
    let profile = (!profile.is_empty()).then_some(profile);
    let settings = AwsSettings { profile, max_attempts: 2, ..AwsSettings::default() };
    let said = match Aws::connect(&settings, &SharedHttp::new()).await {
        Err(error) => format!("refused: {:?} {}", error.kind, error.message),
        Ok(aws) => match aws.caller().await {
            Ok(caller) => format!("caller: {} in {} at {:?}", caller.arn, aws.region().unwrap(), aws.endpoint()),
            Err(error) => format!("failed: {:?} {}", error.kind, error.message),
        },
    };
    std::fs::write(std::env::var(ANSWER).unwrap(), said).unwrap();
}

struct Child {
    home: tempfile::TempDir,
}

impl Child {
    fn new(config: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("config"), config).unwrap();
        Self { home }
    }

    async fn says(&self, profile: &str, environment: &[(&str, &str)]) -> String {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", IN_A_CHILD]).env_clear();
        command.env("AWS_CONFIG_FILE", self.home.path().join("config"));
        command.env("AWS_SHARED_CREDENTIALS_FILE", self.home.path().join("credentials"));
        command.env("AWS_EC2_METADATA_DISABLED", "true").env(PROFILE, profile).env("HOME", self.home.path());
        let answer = self.home.path().join("answer");
        command.env(ANSWER, &answer).envs(environment.iter().copied());
        let run = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let said = std::fs::read_to_string(&answer);
        said.unwrap_or_else(|_| panic!("the child said nothing: {run:?}"))
    }
}

#[tokio::test]
async fn profiles_regions_and_endpoints_are_followed() {
    let w = World::new().await;
    let admin = w.cloud().admin_credentials(w.account.as_str());
    let management = w.cloud().management_credentials();
    let member = w.cloud().member(1);
    let url = w.sandbox.aws_url();
    let child = Child::new(&format!(
        "[profile plain]\naws_access_key_id = {}\naws_secret_access_key = {}\nendpoint_url = {url}\n\
         [profile elsewhere]\naws_access_key_id = {}\naws_secret_access_key = {}\nservices = strange\nregion = eu-west-1\n\
         [services strange]\nsts =\n  endpoint_url = {url}\niam =\n  endpoint_url = https://iam.evil.example\n\
         [profile base]\naws_access_key_id = {}\naws_secret_access_key = {}\nendpoint_url = {url}\n\
         [profile assumed]\nrole_arn = arn:aws:iam::{member}:role/OrganizationAccountAccessRole\nsource_profile = base\n\
         endpoint_url = {url}\nregion = eu-west-1\n\
         [profile mfa]\nrole_arn = arn:aws:iam::{member}:role/not-there\nsource_profile = base\nendpoint_url = {url}\n\
         mfa_serial = arn:aws:iam::{member}:mfa/me\n",
        admin.access_key_id,
        admin.secret_access_key,
        admin.access_key_id,
        admin.secret_access_key,
        management.access_key_id,
        management.secret_access_key,
    ));
    let here = format!("at Some({url:?})");
    let said = child.says("plain", &[]).await;
    assert_eq!(said, format!("caller: arn:aws:iam::{}:user/admin in us-east-1 {here}", w.account));
    let said = child.says("elsewhere", &[]).await;
    assert_eq!(said, "refused: ForeignEndpoint https://iam.evil.example");
    let said = child.says("assumed", &[]).await;
    assert!(
        said.starts_with(&format!("caller: arn:aws:sts::{member}:assumed-role/OrganizationAccountAccessRole/")),
        "{said}"
    );
    assert!(said.ends_with(&format!("in eu-west-1 {here}")), "{said}");
    let said = child.says("mfa", &[]).await;
    assert!(said.starts_with("failed: MfaNeeded"), "{said}");

    let root = w.cloud().root_credentials(w.account.as_str());
    let environment = [
        ("AWS_ENDPOINT_URL_STS", url.as_str()),
        ("AWS_ACCESS_KEY_ID", root.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", root.secret_access_key.as_str()),
        ("AWS_REGION", "us-west-2"),
    ];
    let said = child.says("", &environment).await;
    assert_eq!(said, format!("caller: arn:aws:iam::{}:root in us-west-2 {here}", w.account));
}

#[tokio::test]
async fn missing_and_broken_sources_are_named() {
    let w = World::new().await;
    let url = w.sandbox.aws_url();
    let child = Child::new(&format!(
        "[profile nothing]\nregion = eu-west-1\nendpoint_url = {url}\n\
         [profile process]\ncredential_process = /bin/false\nendpoint_url = {url}\n"
    ));
    let said = child.says("nothing", &[]).await;
    assert!(said.starts_with("failed: NoCredentials"), "{said}");
    let said = child.says("process", &[]).await;
    assert!(said.starts_with("failed: NoCredentials"), "{said}");
    // Also where the environment has credentials: a profile that is named by hand wins.
    let admin = w.cloud().admin_credentials(w.account.as_str());
    let keys = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ACCESS_KEY_ID", &admin.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &admin.secret_access_key),
    ];
    let files = child.home.path().display();
    let missing = format!(
        "NoProfile the profile 'never-written' is neither in {files}/config (as [profile never-written]) nor in \
         {files}/credentials"
    );
    assert_eq!(child.says("never-written", &keys).await, format!("refused: {missing}"));
    // One that the environment names is missed where nothing else gives credentials.
    let named = [keys[0], ("AWS_PROFILE", "never-written")];
    assert_eq!(child.says("", &named).await, format!("failed: {missing}"));
    let said = child.says("", &[keys[0], keys[1], keys[2], named[1]]).await;
    assert!(said.starts_with("caller: "), "{said}");
    let said = child.says("", &keys[..1]).await;
    assert!(said.starts_with("failed: NoCredentials"), "{said}");
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_inside_the_chain_too() {
    let w = World::new().await;
    w.cloud().set_clock_offset(2 * 3_600_000);
    let management = w.cloud().management_credentials();
    let member = w.cloud().member(1);
    let url = w.sandbox.aws_url();
    let child = Child::new(&format!(
        "[profile base]\naws_access_key_id = {}\naws_secret_access_key = {}\n\
         [profile assumed]\nrole_arn = arn:aws:iam::{member}:role/OrganizationAccountAccessRole\nsource_profile = base\n\
         endpoint_url = {url}\n",
        management.access_key_id, management.secret_access_key,
    ));
    let said = child.says("assumed", &[]).await;
    assert!(said.starts_with(&format!("caller: arn:aws:sts::{member}:")), "{said}");
}
