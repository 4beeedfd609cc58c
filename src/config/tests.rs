//! Precedence, unknown names, wrong values.

use super::*;

fn load(file: &str, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, file).unwrap();
    let owned = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    let overrides = Overrides { file: Some(path), set: owned(flags), ..Overrides::default() };
    Settings::load(&overrides, owned(variables)).map_err(|error| format!("{error:#}"))
}

#[test]
fn the_embedded_file_has_a_line_for_every_field_and_a_field_for_every_line() {
    // No field has a default and every struct refuses unknown members, so loading proves both directions.
    let settings = Settings::default();
    settings.check().unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.database.url.expose(), "sqlite:./data/registrar.db");
    assert!(settings.public_url.is_none() && settings.keys.master_key.is_none());
    for name in known_settings() {
        let mut table: toml::Table = DEFAULTS.parse().unwrap();
        match name.split_once('.') {
            Some((section, key)) => table[section].as_table_mut().unwrap().remove(key),
            None => table.remove(&name),
        };
        toml::Value::Table(table).try_into::<Settings>().expect_err(&name);
    }
}

#[test]
fn every_setting_is_explained() {
    let mut explained = false;
    for line in DEFAULTS.lines() {
        let is_setting = line.contains(" = ") && !line.starts_with('#');
        assert!(!is_setting || explained, "no comment above {line}");
        explained = line.starts_with('#');
    }
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_the_defaults() {
    let file = "listen = \"127.0.0.1:1\"\n[limits]\nform_body_bytes = 1\nheader_count = 7\n[log]\nlevel = \"warn\"";
    let variables = [("REGISTRAR_LISTEN", "127.0.0.1:2"), ("REGISTRAR_LIMITS__FORM_BODY_BYTES", "2"), ("HOME", "/")];
    let settings = load(file, &variables, &[("listen", "127.0.0.1:3"), ("listen", "127.0.0.1:4")]).unwrap();
    assert_eq!(settings.listen.port(), 4);
    assert_eq!(settings.limits.form_body_bytes, 2);
    assert_eq!(settings.limits.header_count, 7);
    assert_eq!(settings.log.level, "warn");
    assert_eq!(settings.limits.idle_timeout_seconds, 75);
}

#[test]
fn the_two_variables_without_section_are_honoured() {
    let variables = [("DATABASE_URL", "postgres://u:0012@h/n"), ("REGISTRAR_MASTER_KEY", "0012345")];
    let settings = load("", &variables, &[]).unwrap();
    assert_eq!(settings.database.url.expose(), "postgres://u:0012@h/n");
    assert_eq!(settings.keys.master_key.as_ref().unwrap().expose(), "0012345", "a text stays the text it was");
    assert!(!format!("{settings:?}").contains("0012"), "secrets are not printed");
    let variables = [("DATABASE_URL", "sqlite:a"), ("REGISTRAR_DATABASE__URL", "sqlite:b")];
    assert_eq!(load("", &variables, &[]).unwrap().database.url.expose(), "sqlite:b");
}

#[test]
fn lists_come_from_arrays_and_from_texts_with_commas() {
    let variables = [("REGISTRAR_RATE_LIMIT__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1,::1")];
    let settings = load("extra_base_urls = [\"http://registrar:8080/\"]", &variables, &[]).unwrap();
    assert_eq!(settings.extra_base_urls[0].as_str(), "http://registrar:8080");
    assert_eq!(settings.rate_limit.trusted_proxies.len(), 3);
    assert!(settings.rate_limit.trusted_proxies[0].contains("::ffff:10.1.2.3".parse().unwrap()));
    assert!(!settings.rate_limit.trusted_proxies[1].contains("192.0.2.2".parse().unwrap()));
}

#[test]
fn unknown_names_refuse_the_start_and_point_to_the_right_one() {
    let error = load("[limits]\nform_body = 1", &[], &[]).unwrap_err();
    assert!(error.contains("settings.toml: there is no setting \"limits.form_body\""), "{error}");
    let error = load("", &[("REGISTRAR_LIMITS_FORM_BODY_BYTES", "1")], &[]).unwrap_err();
    assert!(error.contains("did you mean REGISTRAR_LIMITS__FORM_BODY_BYTES?"), "{error}");
    let error = load("", &[], &[("max_conections", "1")]).unwrap_err();
    assert!(error.contains("there is no setting \"max_conections\""), "{error}");
    let error = load("listen = \n", &[], &[]).unwrap_err();
    assert!(error.contains("settings.toml, line 1"), "{error}");
}

#[test]
fn variables_that_kubernetes_injects_are_left_alone() {
    let variables = [
        ("REGISTRAR_SERVICE_HOST", "10.0.0.1"),
        ("REGISTRAR_PORT", "tcp://10.0.0.1:80"),
        ("REGISTRAR_DB_SERVICE_PORT_PG", "5432"),
        ("REGISTRAR_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("REGISTRAR_CONFIG", "x.toml"),
    ];
    load("", &variables, &[]).unwrap();
}

#[test]
fn values_of_the_wrong_kind_are_named() {
    let error = load("", &[("REGISTRAR_LIMITS__HEADER_COUNT", "many")], &[]).unwrap_err();
    assert!(error.contains("limits.header_count") && !error.contains('\n'), "{error}");
    let error = load("listen = \"localhost\"", &[], &[]).unwrap_err();
    assert!(error.contains("write it like 127.0.0.1:8080") && error.contains("listen"), "{error}");
    let error = load("[log]\nrequests = \"some\"", &[], &[]).unwrap_err();
    assert!(error.contains("log.requests"), "{error}");
    let error = load("[limits]\nheader_count = 0", &[], &[]).unwrap_err();
    assert_eq!(error, "limits.header_count must be at least 1");
}

#[test]
fn the_base_url_is_derived_on_loopback_and_mandatory_beyond() {
    let settings = load("", &[], &[("listen", "127.0.0.1:0")]).unwrap();
    let base = settings.base_url("127.0.0.1:4711".parse().unwrap()).unwrap();
    assert_eq!(base.as_str(), "http://127.0.0.1:4711");
    assert!(base.is_loopback() && !base.is_https());
    let error = load("", &[], &[("listen", "0.0.0.0:8080")]).unwrap_err();
    assert!(error.contains("set public_url (REGISTRAR_PUBLIC_URL)"), "{error}");
    let flags = [("listen", "0.0.0.0:8080"), ("public_url", "https://Auth.Example.com:443/")];
    let settings = load("", &[], &flags).unwrap();
    let base = settings.base_url(settings.listen).unwrap();
    assert_eq!((base.as_str(), base.authority()), ("https://auth.example.com", "auth.example.com"));
}

#[test]
fn base_urls_are_scheme_host_and_port_only() {
    for bad in ["auth.example.com", "ftp://a", "https://a/path", "https://a?q", "https://a#f", "https://u:p@a"] {
        assert!(bad.parse::<BaseUrl>().is_err(), "{bad}");
    }
    assert!("http://[::1]:80/".parse::<BaseUrl>().unwrap().is_loopback());
    assert!(!"http://127.0.0.1.example.com".parse::<BaseUrl>().unwrap().is_loopback());
}
