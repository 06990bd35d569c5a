//! The journal object: a run's own record, kept in the account itself as the tags of a policy that Turbot never touches.
//!
//! The policy stands under the path `/turbot-onboard/`, is named `turbot-onboard-<generation>`, denies everything and is
//! attached to nothing. Creating it is the claim; its tags say how far the unfinished runs came.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{PolicyArn, RunId, With};

/// The path under which journal objects are made.
pub const JOURNAL_PATH: &str = "/turbot-onboard/";
/// What journal objects' names begin with; the generation follows.
pub const JOURNAL_PREFIX: &str = "turbot-onboard-";
/// The journal object's policy: it denies everything and is attached to nothing.
pub const JOURNAL_DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"JournalOfTurbotOnboard","Effect":"Deny","Action":"*","Resource":"*"}]}"#;
/// What every tag key of this tool begins with.
pub const TAG_PREFIX: &str = "turbot-onboard:";

/// IAM's limit of tags on a policy.
const MAX_TAGS: usize = 50;
/// The longest text that fits the journal beside its other tags: 32 tags of 256 characters, each byte as two digits.
const MAX_KEPT_TEXT: usize = 32 * 128;

/// How the role or user of an unfinished run came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A run of this journal makes it: undo deletes it.
    Made,
    /// It stood before and was taken over by `--adopt`: undo restores it.
    Adopted,
    /// It stood before and was already ours: undo leaves it.
    Stood,
}

impl Origin {
    fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Adopted => "adopted",
            Self::Stood => "stood",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Made, Self::Adopted, Self::Stood].into_iter().find(|o| o.as_str() == text)
    }
}

/// A time written in a tag. One that cannot be read counts as 'just now': nothing is done early because of a bad tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// AWS's time at the writing.
    At(Timestamp),
    /// Unreadable.
    Unreadable,
}

impl When {
    /// How long ago it was, by AWS's time; a future or unreadable time was just now.
    #[must_use]
    pub fn age(self, now: Timestamp) -> SignedDuration {
        match self {
            Self::At(then) if then <= now => now.duration_since(then),
            Self::At(_) | Self::Unreadable => SignedDuration::ZERO,
        }
    }

    fn text(self) -> String {
        match self {
            Self::At(then) => then.to_string(),
            Self::Unreadable => "unreadable".to_owned(),
        }
    }

    fn parse(text: &str) -> Self {
        text.parse().map_or(Self::Unreadable, Self::At)
    }
}

/// What the journal says: everything a later run, on any machine, needs to go on or to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The run that holds the claim.
    pub run: RunId,
    /// When the claim was made or last renewed.
    pub claimed_at: When,
    /// The Turbot account id it is about.
    pub turbot_id: String,
    /// The cluster's URN.
    pub cluster: String,
    /// Role or keys.
    pub with: With,
    /// The role's or user's name.
    pub name: String,
    /// Its unique id, once it is known.
    pub unique_id: Option<String>,
    /// How it came to be.
    pub origin: Origin,
    /// Whether Turbot is asked to delete the credential.
    pub delete_credential: bool,
    /// Key ids that the user had before: never ours.
    pub prior_keys: Vec<String>,
    /// The managed policies that these runs attach to an adopted principal.
    pub attaches: Vec<String>,
    /// An adopted role's trust policy as it was.
    pub trust_before: Option<String>,
    /// When an import was last about to be sent. Removed on every definite end.
    pub import_requested: Option<When>,
    /// Whether an earlier import of this journal had no definite answer.
    pub import_unsettled: bool,
    /// When Turbot accepted an import: the point of no return.
    pub import_accepted: Option<When>,
    /// When the credential was handed over to somebody else.
    pub handed_over: Option<When>,
}

/// Why a record cannot be kept in the journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The trust policy to restore is too long.
    #[error("the trust policy that undo would restore has {0} bytes, more than fit the journal's tags")]
    TrustTooLong(usize),
    /// A policy's ARN is too long for a tag.
    #[error("the policy ARN {0} is longer than a tag's 256 characters")]
    PolicyTooLong(String),
    /// More policies than the journal has tags for.
    #[error("{0} policies to attach to an adopted principal are more than the journal keeps (8)")]
    TooManyPolicies(usize),
}

impl Record {
    /// The tags that hold this record; at most 50, each value at most 256 characters of IAM's tag alphabet.
    ///
    /// # Errors
    /// What is to be restored does not fit.
    pub fn tags(&self) -> Result<BTreeMap<String, String>, RecordError> {
        let mut tags = BTreeMap::new();
        let mut put = |key: &str, value: String| tags.insert(format!("{TAG_PREFIX}{key}"), value);
        put("run", self.run.to_string());
        put("claimed-at", self.claimed_at.text());
        put("turbot-id", self.turbot_id.clone());
        put("cluster", self.cluster.clone());
        put("with", self.with.as_str().to_owned());
        put("name", to_tag(&self.name));
        put("origin", self.origin.as_str().to_owned());
        put("delete-credential", self.delete_credential.to_string());
        if let Some(id) = &self.unique_id {
            put("unique-id", id.clone());
        }
        if !self.prior_keys.is_empty() {
            put("prior-keys", self.prior_keys.join(" "));
        }
        if self.attaches.len() > 8 {
            return Err(RecordError::TooManyPolicies(self.attaches.len()));
        }
        for (n, policy) in self.attaches.iter().enumerate() {
            if policy.len() > 256 {
                return Err(RecordError::PolicyTooLong(policy.clone()));
            }
            put(&format!("attaches-{n}"), to_tag(policy));
        }
        if let Some(trust) = &self.trust_before {
            // Beside what may still be written: unique id, requested, accepted, unsettled, handed over.
            let room = MAX_TAGS - 13 - self.attaches.len() - usize::from(!self.prior_keys.is_empty());
            if trust.len() > MAX_KEPT_TEXT.min(room * 128) {
                return Err(RecordError::TrustTooLong(trust.len()));
            }
            let hex: String = trust.bytes().map(|b| format!("{b:02x}")).collect();
            for (n, chunk) in hex.as_bytes().chunks(256).enumerate() {
                put(&format!("trust-before-{n:02}"), String::from_utf8_lossy(chunk).into_owned());
            }
        }
        for (key, when) in [
            ("import-requested", self.import_requested),
            ("import-accepted", self.import_accepted),
            ("handed-over", self.handed_over),
        ] {
            if let Some(when) = when {
                put(key, when.text());
            }
        }
        if self.import_unsettled {
            put("import-unsettled", "true".to_owned());
        }
        Ok(tags)
    }

    /// Reads a record back. Missing or damaged tags are read in the careful direction: a journal whose owner cannot be
    /// read is somebody's, `None`.
    #[must_use]
    pub fn from_tags(tags: &BTreeMap<String, String>) -> Option<Self> {
        let get = |key: &str| tags.get(&format!("{TAG_PREFIX}{key}")).map(String::as_str);
        let when = |key: &str| get(key).map(When::parse);
        let with = match get("with")? {
            "role" => With::Role,
            "keys" => With::Keys,
            _ => return None,
        };
        let numbered = |prefix: &str| -> Vec<String> {
            let prefix = format!("{TAG_PREFIX}{prefix}");
            tags.range(prefix.clone()..).take_while(|(k, _)| k.starts_with(&prefix)).map(|(_, v)| v.clone()).collect()
        };
        let hex = numbered("trust-before-").concat();
        Some(Self {
            run: RunId::new(get("run")?).ok()?,
            claimed_at: when("claimed-at").unwrap_or(When::Unreadable),
            turbot_id: get("turbot-id")?.to_owned(),
            cluster: get("cluster")?.to_owned(),
            with,
            name: from_tag(get("name")?),
            unique_id: get("unique-id").map(str::to_owned),
            origin: get("origin").and_then(Origin::parse).unwrap_or(Origin::Stood),
            delete_credential: get("delete-credential") == Some("true"),
            prior_keys: get("prior-keys").map(|k| k.split(' ').map(str::to_owned).collect()).unwrap_or_default(),
            attaches: numbered("attaches-").iter().map(|value| from_tag(value)).collect(),
            trust_before: (!hex.is_empty()).then(|| unhex(&hex)).flatten(),
            import_requested: when("import-requested"),
            import_unsettled: get("import-unsettled").is_some(),
            import_accepted: when("import-accepted"),
            handed_over: when("handed-over"),
        })
    }

    /// Whether an import may be in flight: asked for, and no definite answer noted.
    #[must_use]
    pub fn import_in_flight(&self) -> bool {
        self.import_requested.is_some() && self.import_accepted.is_none()
    }
}

/// A name or ARN as a tag's value: IAM's names may have a comma, its tags may not; of spaces it is the other way round.
pub(crate) fn to_tag(text: &str) -> String {
    text.replace(',', " ")
}

/// What [`to_tag`] wrote.
pub(crate) fn from_tag(value: &str) -> String {
    value.replace(' ', ",")
}

fn unhex(hex: &str) -> Option<String> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}

/// A journal object as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// Its generation, from its name.
    pub generation: u32,
    /// Its ARN.
    pub arn: PolicyArn,
    /// Its unique id (`ANPA...`): a journal made anew under the same name has another.
    pub policy_id: String,
    /// When AWS made it, to the second.
    pub made_at: Option<Timestamp>,
    /// Whether it is attached to something, which we never do: then it is not touched.
    pub attached: bool,
    /// What its tags say; `None` where they cannot be read as a record of ours.
    pub record: Option<Record>,
}

impl Journal {
    /// Whether this is what stood under the name of `own` before that was made: names are used again, and a read may be
    /// old. What was made in the same second may have come after it as well.
    #[must_use]
    pub fn stood_before(&self, own: &Self) -> bool {
        self.arn == own.arn
            && self.policy_id != own.policy_id
            && matches!((self.made_at, own.made_at), (Some(theirs), Some(ours)) if theirs < ours)
    }

    /// The name of the journal object of a generation.
    #[must_use]
    pub fn name_of(generation: u32) -> String {
        format!("{JOURNAL_PREFIX}{generation}")
    }

    /// The generation a policy's name stands for, if it is a journal object's name.
    #[must_use]
    pub fn generation_of(name: &str) -> Option<u32> {
        let digits = name.strip_prefix(JOURNAL_PREFIX)?;
        let generation = digits.parse().ok()?;
        (Self::name_of(generation) == name).then_some(generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record() -> Record {
        Record {
            run: RunId::new("run-1").unwrap(),
            claimed_at: When::At("2026-11-23T10:00:00Z".parse().unwrap()),
            turbot_id: "aab".into(),
            cluster: "urn:turbot:mhe".into(),
            with: With::Keys,
            name: "turbot-onboard".into(),
            unique_id: Some("AIDAEXAMPLE".into()),
            origin: Origin::Adopted,
            delete_credential: true,
            prior_keys: vec!["AKIAOLD1".into(), "AKIAOLD2".into()],
            attaches: vec!["arn:aws:iam::aws:policy/AdministratorAccess".into()],
            trust_before: Some("{\"a\":\"ü\"}".repeat(100)),
            import_requested: Some(When::At("2026-11-23T10:01:00Z".parse().unwrap())),
            import_unsettled: true,
            import_accepted: None,
            handed_over: None,
        }
    }

    #[test]
    fn a_record_survives_its_tags() {
        let tags = record().tags().unwrap();
        assert!(tags.len() <= 50, "{}", tags.len());
        assert!(tags.values().all(|v| v.len() <= 256));
        assert_eq!(Record::from_tags(&tags), Some(record()));
    }

    #[test]
    fn bad_times_are_just_now() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let mut tags = record().tags().unwrap();
        for bad in ["", "yesterday", "2026-11-23T11:00:00Z", "9999-99-99T00:00:00Z"] {
            tags.insert("turbot-onboard:import-requested".into(), bad.into());
            let read = Record::from_tags(&tags).unwrap();
            assert_eq!(read.import_requested.unwrap().age(now), SignedDuration::ZERO, "{bad}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(Journal::generation_of(&Journal::name_of(7)), Some(7));
        for bad in ["turbot-onboard-", "turbot-onboard-x", "turbot-onboard-01", "turbot-onboard-+1", "other-1"] {
            assert_eq!(Journal::generation_of(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_tags_have_a_reading(tags in proptest::collection::btree_map("turbot-onboard:[a-z-]{1,20}", ".{0,40}", 0..20)) {
            let _ = Record::from_tags(&tags);
        }

        /// IAM: letters, digits, spaces and `_.:/=+-@` in the value of a tag, 256 at most, and 50 tags.
        #[test]
        fn any_record_fits_the_tags_of_a_policy(
            name in "[A-Za-z0-9_+=,.@-]{1,64}",
            policies in proptest::collection::vec("[A-Za-z0-9_+=,.@-]{1,64}", 0..10),
            trust in ".{0,300}",
            copies in 0usize..20,
        ) {
            let full = Record {
                name,
                attaches: policies.iter().map(|p| format!("arn:aws:iam::111122223333:policy/{p}")).collect(),
                trust_before: Some(trust.repeat(copies)).filter(|t| !t.is_empty()),
                import_accepted: Some(When::Unreadable),
                handed_over: Some(When::Unreadable),
                ..record()
            };
            // A plan is refused by what the journal will hold in the end.
            let begun = Record {
                unique_id: None,
                import_requested: None,
                import_accepted: None,
                import_unsettled: false,
                handed_over: None,
                ..full.clone()
            };
            prop_assert_eq!(begun.tags().is_ok(), full.tags().is_ok());
            if let Ok(tags) = full.tags() {
                prop_assert!(tags.len() <= 50, "{}", tags.len());
                let allowed = |c: char| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c);
                prop_assert!(tags.values().all(|v| v.len() <= 256 && v.chars().all(allowed)), "{tags:?}");
                prop_assert_eq!(Record::from_tags(&tags), Some(full));
            }
        }

        #[test]
        fn any_trust_policy_that_fits_is_kept(trust in ".{0,800}") {
            let kept = Record { trust_before: Some(trust.clone()).filter(|t| !t.is_empty()), ..record() };
            prop_assert_eq!(Record::from_tags(&kept.tags().unwrap()), Some(kept));
        }
    }
}
