//! What every call to every simulated service passes through: numbering, gates, latency, faults and the log.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use tokio::sync::watch;

use crate::clock::{self, Clock};
use crate::connection::{AnswerBody, Break, Connection};
use crate::fault::{Fault, FaultBook, What, When};
use crate::fault_answer::{self, Dialect};
use crate::gate::{CallInfo, Gate, Moment};
use crate::log::{CallRecord, Log};

/// What a service answers, before it is put on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) request_id: String,
    pub(crate) error: Option<String>,
}

/// How an answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    Whole,
    Cut,
    Reset,
    Never,
}

/// A request that has been read, with all that is known of it before it is served.
pub(crate) struct Incoming {
    pub(crate) dialect: Dialect,
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) account: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) access_key_id: Option<String>,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) request_id: String,
    pub(crate) latency: Duration,
    pub(crate) connection: Arc<Connection>,
    /// The caller as access-denied texts name it.
    pub(crate) caller_arn: Option<String>,
}

pub(crate) struct Frame {
    pub(crate) clock: Arc<Clock>,
    pub(crate) faults: FaultBook,
    pub(crate) log: Log,
    gate: RwLock<Option<Arc<dyn Gate>>>,
    stop: watch::Sender<bool>,
}

impl Frame {
    pub(crate) fn new(clock: Arc<Clock>, log_limit: usize, gate: Option<Arc<dyn Gate>>) -> Self {
        Self {
            clock,
            faults: FaultBook::default(),
            log: Log::new(log_limit),
            gate: RwLock::new(gate),
            stop: watch::Sender::new(false),
        }
    }

    pub(crate) fn set_gate(&self, gate: Option<Arc<dyn Gate>>) {
        *self.gate.write().unwrap_or_else(PoisonError::into_inner) = gate;
    }

    /// Releases every call that is being held, unanswered.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub(crate) async fn stopped(&self) {
        // An error means that the sender is gone, which is a stop too.
        let _ = self.stop.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Carries a call from its arrival to its answer. `effect` is what the service does; it runs at most once.
    ///
    /// The work is a task of its own: a client that goes away does not take back what it sent.
    pub(crate) async fn carry<F>(self: Arc<Self>, incoming: Incoming, effect: F) -> Response<Body>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let connection = Arc::clone(&incoming.connection);
        let work = tokio::spawn(async move {
            let frame = Arc::clone(&self);
            tokio::select! {
                biased;
                () = frame.stopped() => None,
                response = self.served(incoming, effect) => Some(response),
            }
        });
        if let Ok(Some(response)) = work.await {
            response
        } else {
            connection.shatter(Break::Close);
            nothing()
        }
    }

    async fn served<F>(self: Arc<Self>, incoming: Incoming, effect: F) -> Response<Body>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let name = format!("{}:{}", incoming.service, incoming.operation);
        let (seq, nth) = self.log.number(&name);
        let started = self.clock.millis_since_start();
        let call = CallInfo {
            seq,
            service: incoming.service,
            operation: incoming.operation,
            name,
            nth,
            account: incoming.account,
            target: incoming.target,
            access_key_id: incoming.access_key_id,
            params: incoming.params,
        };
        let struck = self.faults.strike(&call);

        self.pass(&call, Moment::Before).await;
        tokio::time::sleep(incoming.latency).await;
        delay(&struck, When::Before).await;

        let fault = struck.iter().find(|fault| !matches!(fault.what, What::Delay { .. }));
        let scene = fault_answer::Scene {
            dialect: incoming.dialect,
            call: &call,
            caller_arn: incoming.caller_arn.as_deref(),
            request_id: &incoming.request_id,
            now: self.clock.now(),
        };
        let (mut answer, delivery) = match fault {
            // A broken answer needs an answer to break, so these let the effect happen whatever `when` says.
            Some(Fault { what: What::Truncated, .. }) => (effect.await, Delivery::Cut),
            Some(Fault { what: What::Malformed, when: When::After, .. }) => {
                (fault_answer::malformed(effect.await), Delivery::Whole)
            }
            Some(Fault { what: What::BareId, .. }) => (fault_answer::bare_id(effect.await), Delivery::Whole),
            Some(fault) => {
                if fault.when == When::After {
                    effect.await;
                }
                let delivery = match fault.what {
                    What::Reset => Delivery::Reset,
                    What::Timeout => Delivery::Never,
                    _ => Delivery::Whole,
                };
                (fault_answer::answer(&fault.what, &scene), delivery)
            }
            None => (effect.await, Delivery::Whole),
        };
        delay(&struck, When::After).await;
        self.pass(&call, Moment::AfterEffect).await;

        answer.headers.push(("date".to_owned(), clock::http_date(self.clock.now())));
        let sent = matches!(delivery, Delivery::Whole | Delivery::Cut);
        self.log.push(CallRecord {
            call: call.clone(),
            started,
            ended: self.clock.millis_since_start(),
            status: if sent { answer.status } else { 0 },
            error: answer.error.clone().filter(|_| sent),
            request_id: answer.request_id.clone(),
            fault: struck.first().map(|fault| fault.what.word().to_owned()),
        });
        match delivery {
            Delivery::Whole => {
                self.announce_answer(call, &incoming.connection);
                respond(&answer, AnswerBody::whole(Bytes::from(answer.body.clone()), incoming.connection))
            }
            Delivery::Cut => {
                let half = Bytes::from(answer.body[..answer.body.len() / 2].to_vec());
                respond(&answer, AnswerBody::cut(half, incoming.connection))
            }
            Delivery::Reset => {
                incoming.connection.shatter(Break::Reset);
                nothing()
            }
            Delivery::Never => {
                self.stopped().await;
                incoming.connection.shatter(Break::Close);
                nothing()
            }
        }
    }

    fn announce_answer(self: Arc<Self>, call: CallInfo, connection: &Connection) {
        if self.gate().is_none() {
            return;
        }
        let answered = connection.watch_answer();
        tokio::spawn(async move {
            // The sender is dropped when the client is gone before the answer left: then the moment never comes.
            if answered.await.is_ok() {
                self.pass(&call, Moment::AfterAnswer).await;
            }
        });
    }

    fn gate(&self) -> Option<Arc<dyn Gate>> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn pass(&self, call: &CallInfo, moment: Moment) {
        if let Some(gate) = self.gate() {
            gate.at(call, moment).await;
        }
    }
}

async fn delay(struck: &[Fault], when: When) {
    for fault in struck {
        if let What::Delay { millis } = fault.what
            && fault.when == when
        {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
    }
}

fn respond(answer: &Answer, body: AnswerBody) -> Response<Body> {
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            response.headers_mut().insert(name, value);
        }
    }
    // Set by hand, since a cut body must promise the whole.
    response.headers_mut().insert("content-length", HeaderValue::from(answer.body.len()));
    response
}

/// What hyper is given where nothing is to be sent; the connection is broken before it is written.
fn nothing() -> Response<Body> {
    Response::new(Body::empty())
}
