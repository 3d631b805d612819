#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

#[test]
fn what_python_dateutil_reads_parses() {
    for text in [
        "2003-09-25",
        "Thu Sep 25 10:36:28 2003",
        "Thu, 25 Sep 2003 10:49:41 -0300",
        "2003-09-25T10:49:41.5-03:00",
        "20030925T104941-0300",
        "10h36m28.5s",
        "10pm",
        "3rd of May 2001",
        "5:50 AM on June 13, 1990",
        "1996.07.10 AD at 15:08:56 PDT",
        "Tue",
        "10",
        "31",
        "Jan of 01",
        "99-Jan-01",
        "12:30:45 GMT+3",
        "2020-01-01 12:30 +0530 (IST)",
        "12h04",
        "Sep.20.2009",
        "200229",
        "20200229123045",
        "12am",
        "May 2019",
    ] {
        assert!(parses(text), "{text}");
    }
}

#[test]
fn what_python_dateutil_refuses_does_not() {
    for text in [
        "",
        " ",
        ",",
        "13/13/2020",
        "tomorrow",
        "Tues",
        "2020-W10",
        "Feb 30",
        "0",
        "2020-01-01T25:00",
        "12:60",
        "noon",
        "99999999999",
        "1e5",
        "nan",
        "12:00 NAN",
        "am",
        "20200230",
        "1 2 3 4",
        "2020-01-01Z",
        "0000-01-01",
    ] {
        assert!(!parses(text), "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in "([0-9.:,+/ -]|T|Z|am|pm|Jan|of|h|m|s|é|[(]|[)]|UTC|٣){0,12}") {
        parses(&text);
    }
}
