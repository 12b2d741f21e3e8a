//! From the bytes of one POST to a message. The first check that fails is the error.

use http::HeaderMap;

use super::{
    Era, Method, ProtocolError, ProtocolErrorKind, RequestId,
    envelope::Envelope,
    era, headers,
    members::text,
    methods::{self, CALL_TOOL},
    params::Params,
};

/// What one POST carried.
pub enum Message {
    /// A notification: 202, no body. None of them has an effect here.
    Notification,
    /// A request: exactly one answer.
    Request(Request),
}

/// A request that passed every check of the protocol.
pub struct Request {
    /// Echoed in the answer.
    pub id: RequestId,
    /// Decides the form of the answer.
    pub era: Era,
    /// What is asked.
    pub method: Method,
}

/// Reads one POST: JSON, JSON-RPC, era, metadata, headers, method, parameters, in this order.
pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Message, ProtocolError> {
    let Envelope { id, method, params } = Envelope::read(body)?;
    let params = Params::read(params);
    let Some(id) = id else {
        let judged = params.and_then(|params| notification(headers, &method, &params));
        return judged.map(|()| Message::Notification).map_err(|kind| kind.with_id(None));
    };
    match params.and_then(|params| request(headers, &method, &params)) {
        Ok((era, method)) => Ok(Message::Request(Request { id, era, method })),
        Err(kind) => Err(kind.with_id(Some(id))),
    }
}

fn request(headers: &HeaderMap, method: &str, params: &Params<'_>) -> Result<(Era, Method), ProtocolErrorKind> {
    let era = era::of_request(headers::protocol_version(headers)?, params.metadata.claim.as_deref(), method)?;
    if era == Era::Modern {
        params.metadata.require_client_capabilities()?;
        headers::require_method(headers, method)?;
        if method == CALL_TOOL {
            headers::require_name(headers, params.name.and_then(text).as_deref())?;
        }
    }
    Ok((era, methods::read(era, method, params)?))
}

fn notification(headers: &HeaderMap, method: &str, params: &Params<'_>) -> Result<(), ProtocolErrorKind> {
    match era::of_notification(headers::protocol_version(headers)?, params.metadata.claim.as_deref())? {
        Era::Modern => headers::check_method(headers, method),
        Era::Legacy => Ok(()),
    }
}
