//! The members of `params` that any served method reads, found once.

use serde_json::value::RawValue;

use super::{
    ProtocolErrorKind, era,
    members::{members, text},
    trace,
};

const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// `params`, members not yet judged.
pub(super) struct Params<'a> {
    pub(super) metadata: Metadata<'a>,
    pub(super) name: Option<&'a RawValue>,
    pub(super) arguments: Option<&'a RawValue>,
    pub(super) cursor: Option<&'a RawValue>,
    pub(super) protocol_version: Option<&'a RawValue>,
}

impl<'a> Params<'a> {
    pub(super) fn read(params: Option<&'a RawValue>) -> Result<Self, ProtocolErrorKind> {
        let [metadata, name, arguments, cursor, protocol_version] = params.map_or(Ok([None; 5]), |params| {
            members(params, ["_meta", "name", "arguments", "cursor", "protocolVersion"])
                .map_err(|fault| ProtocolErrorKind::InvalidRequest(fault.sentence("`params`")))
        })?;
        Ok(Self { metadata: Metadata::read(metadata)?, name, arguments, cursor, protocol_version })
    }
}

/// `params._meta`. Client information, log level and progress token are not read: nothing here depends on them.
pub(super) struct Metadata<'a> {
    /// The revision the message names: present only in the modern era.
    pub(super) claim: Option<String>,
    client_capabilities: Option<&'a RawValue>,
    trace_parent: Option<&'a RawValue>,
}

impl<'a> Metadata<'a> {
    fn read(metadata: Option<&'a RawValue>) -> Result<Self, ProtocolErrorKind> {
        let [claim, client_capabilities, trace_parent] = metadata.map_or(Ok([None; 3]), |metadata| {
            members(metadata, [era::CLAIM, CLIENT_CAPABILITIES, "traceparent"])
                .map_err(|fault| ProtocolErrorKind::InvalidMetadata(fault.sentence("`params._meta`")))
        })?;
        let claim = match claim.map(text) {
            Some(None) => {
                let sentence = format!("`{}` in `params._meta` must be a string", era::CLAIM);
                return Err(ProtocolErrorKind::InvalidMetadata(sentence));
            }
            Some(claim) => claim,
            None => None,
        };
        Ok(Self { claim, client_capabilities, trace_parent })
    }

    /// The client has said what it can do. What it said is not looked at: no tool asks anything of the client.
    pub(super) fn require_client_capabilities(&self) -> Result<(), ProtocolErrorKind> {
        match self.client_capabilities {
            Some(value) if value.get().starts_with('{') => Ok(()),
            _ => Err(ProtocolErrorKind::InvalidMetadata(format!(
                "`params._meta` must hold `{CLIENT_CAPABILITIES}`, an object, `{{}}` if there are none"
            ))),
        }
    }

    /// The trace to continue. A malformed one is left out: a wrong trace must not cost an answer.
    pub(super) fn trace_parent(&self) -> Option<String> {
        self.trace_parent.and_then(text).filter(|text| trace::is_well_formed(text))
    }
}
