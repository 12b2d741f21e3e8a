//! Proves the form of answers that no request of the wire table produces.

use super::*;

fn id() -> RequestId {
    legacy("ping", "").accepted().id
}

#[test]
fn definitions_are_sent_as_they_were_serialised() {
    let tools: Box<RawValue> = serde_json::from_str(r#"[ {"name" : "add", "n": 1.50} ]"#).expect("JSON");
    for era in [Era::Modern, Era::Legacy] {
        assert!(text(write(&id(), era, Reply::Tools(&tools), &SERVER)).contains(tools.get()), "{era:?}");
    }
}

#[test]
fn an_error_carries_its_explanation_with_its_extras_as_data() {
    let error =
        RpcError { code: -31403, message: "missing_scope:cost.export".to_owned(), explanation: Some(explanation()) };
    let both = [Era::Modern, Era::Legacy].map(|era| text(write(&id(), era, Reply::Error(&error), &SERVER)));
    assert_eq!(both[0], both[1], "errors look the same in both eras");
    insta::assert_snapshot!(both[0], @r#"{"jsonrpc":"2.0","id":1,"error":{"code":-31403,"message":"missing_scope:cost.export","data":{"reason":"bad_argument","who":"user","how":"Send a number.","correlation_id":"c1","argument":"a"}}}"#);
}

#[test]
fn an_error_without_an_id_leaves_the_member_out() {
    let error = RpcError { code: -32700, message: "Parse error".to_owned(), explanation: None };
    insta::assert_snapshot!(text(write_error(None, &error)), @r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}}"#);
}

#[test]
fn structured_content_is_an_object_or_absent() {
    for other in [json!(null), json!([1]), json!("{}")] {
        assert!(Structured::of(&other).is_none(), "{other}");
    }
    let result = ToolResult::Answer { text: "x".to_owned(), structured: None };
    for era in [Era::Modern, Era::Legacy] {
        assert!(!text(write(&id(), era, Reply::ToolResult(&result), &SERVER)).contains("structuredContent"));
    }
}
