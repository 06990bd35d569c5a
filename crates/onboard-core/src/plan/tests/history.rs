//! What unfinished runs left: journals whose records could have been written in this world.

use jiff::{SignedDuration, Timestamp};

use super::scenes::{Draw, FOREIGN_MASTER, OLDER, Scene, trust};
use super::world::World;
use crate::{Journal, Origin, PolicyArn, Record, RunId, Wanted, When, With};

/// How far the unfinished runs came.
const STAGES: [&str; 12] = [
    "claimed",
    "claimed",
    "requested-young",
    "requested-old",
    "requested-unreadable",
    "unsettled",
    "accepted-young",
    "accepted-aged",
    "accepted-old",
    "handed-over",
    "handed-over-and-requested-old",
    "requested-future",
];

/// Adds what unfinished runs may have left in this world.
pub(super) fn journals(draw: &mut Draw, scene: &mut Scene) {
    let kind = draw.of(&[
        "none",
        "none",
        "none",
        "mine",
        "left",
        "left",
        "left",
        "left",
        "held",
        "two",
        "other-id",
        "other-cluster",
        "unreadable",
        "attached",
        "future",
    ]);
    if kind == "none" {
        return;
    }
    let (wanted, world) = (&scene.run.wanted, &scene.world);
    let ago = |minutes: i64| When::At(world.now - SignedDuration::from_mins(minutes));
    let mut record = record(draw, wanted, world, ago);
    record.claimed_at = match kind {
        "held" => ago(1),
        "future" => ago(-60),
        "left" => draw.of(&[ago(3), ago(60), When::At(Timestamp::UNIX_EPOCH)]),
        _ => ago(30),
    };
    match kind {
        "mine" => record.run = scene.run.id.clone(),
        "other-id" => record.turbot_id = "zzz".into(),
        "other-cluster" => record.cluster = "urn:turbot:other".into(),
        _ => {}
    }
    let journal = |generation: u32, record: Option<Record>| Journal {
        generation,
        arn: PolicyArn::new(format!(
            "arn:aws:iam::111122223333:policy/turbot-onboard/{}",
            Journal::name_of(generation)
        ))
        .unwrap(),
        policy_id: format!("ANPASTOOD{generation}"),
        made_at: None,
        attached: kind == "attached",
        record,
    };
    let journals = match kind {
        "unreadable" => vec![journal(4, None)],
        "two" => {
            // A take-over that was itself killed, before it had seen what the older run wrote last.
            let newer = Record {
                import_requested: None,
                import_accepted: None,
                handed_over: None,
                import_unsettled: false,
                ..record.clone()
            };
            vec![journal(4, Some(record)), journal(5, Some(newer))]
        }
        _ => vec![journal(4, Some(record))],
    };
    scene.world.journals = journals;
}

/// A record that runs of this tool could have left in this world.
fn record(draw: &mut Draw, wanted: &Wanted, world: &World, ago: impl Fn(i64) -> When) -> Record {
    let mut record = Record {
        run: RunId::new("earlier-run").unwrap(),
        claimed_at: When::Unreadable,
        turbot_id: wanted.turbot_id.to_string(),
        cluster: wanted.cluster_id.urn(),
        with: wanted.with,
        name: wanted.principal_name().to_owned(),
        unique_id: None,
        origin: Origin::Made,
        delete_credential: draw.of(&[true, false]),
        prior_keys: vec![],
        attaches: vec![],
        trust_before: None,
        import_requested: None,
        import_unsettled: false,
        import_accepted: None,
        handed_over: None,
    };
    match draw.of(&["same", "same", "same", "same", "other-name", "other-kind"]) {
        "other-name" => record.name = "gone".into(),
        "other-kind" if wanted.with == With::Role => {
            (record.with, record.name) = (With::Keys, wanted.user_name.to_string());
        }
        "other-kind" => (record.with, record.name) = (With::Role, wanted.role_name.to_string()),
        _ => {}
    }
    let stage = draw.of(&STAGES);
    let standing = match record.with {
        With::Role => world.find_role(&record.name).map(|r| (r.unique_id.clone(), r.tags.clone(), r.attached.clone())),
        With::Keys => world.find_user(&record.name).map(|u| (u.unique_id.clone(), u.tags.clone(), u.attached.clone())),
    };
    let dead = Some("AROADEAD".to_owned());
    match standing {
        None => {
            record.unique_id = draw.of(&[None, dead]);
        }
        Some((id, tags, attached)) => {
            let ours = super::oracle::ours(wanted, &tags);
            let adopted = tags.contains_key("turbot-onboard:adopted");
            let (origin, unique_id) = match draw.of(&["this", "this", "this", "unknown", "dead"]) {
                "dead" => (draw.of(&[Origin::Made, Origin::Adopted]), dead),
                "unknown" if stage == "claimed" && (!ours || !adopted) => (Origin::Made, None),
                _ if !ours => (Origin::Adopted, Some(id)),
                _ if adopted => (draw.of(&[Origin::Adopted, Origin::Stood]), Some(id)),
                _ => (draw.of(&[Origin::Made, Origin::Stood]), Some(id)),
            };
            (record.origin, record.unique_id) = (origin, unique_id);
            if origin == Origin::Adopted {
                record.attaches =
                    draw.of(&[vec![], attached.iter().take(1).map(ToString::to_string).collect::<Vec<_>>()]);
            }
        }
    }
    if record.origin == Origin::Adopted {
        match record.with {
            With::Role => record.trust_before = Some(draw.of(&["{}".to_owned(), trust("aws", FOREIGN_MASTER, OLDER)])),
            With::Keys => {
                // What the tags of the adopted user remember, where they are set already.
                let tags = world.find_user(&record.name).map(|u| u.tags.clone()).unwrap_or_default();
                let noted = tags.get("turbot-onboard:prior-keys").cloned();
                let drawn = draw.of(&[None, Some("AKIASTOOD00000000001".to_owned())]);
                let marked = super::oracle::marked_adopted(&tags);
                record.prior_keys.extend(noted.or(drawn.filter(|_| !marked)));
            }
        }
    }
    match stage {
        "requested-young" => record.import_requested = Some(ago(10)),
        "requested-old" => record.import_requested = Some(ago(25)),
        "requested-unreadable" => record.import_requested = Some(When::Unreadable),
        "requested-future" => record.import_requested = Some(ago(-10)),
        "unsettled" => record.import_unsettled = true,
        "accepted-young" => record.import_accepted = Some(ago(2)),
        "accepted-aged" => record.import_accepted = Some(ago(10)),
        "accepted-old" => record.import_accepted = Some(ago(25)),
        "handed-over" => record.handed_over = Some(ago(25)),
        "handed-over-and-requested-old" => {
            (record.handed_over, record.import_requested) = (Some(ago(60)), Some(ago(25)));
        }
        _ => {}
    }
    if record.import_accepted.is_some() {
        record.import_requested = record.import_accepted;
    }
    record
}
