-- Client assertions that were used (RFC 7523 §3): each jti of a client counts once; gone once the assertion has expired.
create table used_assertions (
    domain_id uuid not null references domains (id) on delete cascade,
    client_id text not null,
    jti bytea not null,
    expires_at bigint not null,
    primary key (domain_id, client_id, jti)
);

create index used_assertions_by_end on used_assertions (expires_at);

-- Client ID metadata documents as they were last read, so that an outage of their server does not lock its users out.
-- `identity` is a hash of what the client is known by: its redirect URIs, its keys, its ways to authenticate.
create table client_documents (
    domain_id uuid not null references domains (id) on delete cascade,
    client_id text not null,
    metadata jsonb not null,
    source text not null,
    identity text not null,
    fetched_at bigint not null,
    fresh_until bigint not null,
    usable_until bigint not null,
    changed_at bigint not null,
    primary key (domain_id, client_id)
);

create index client_documents_by_age on client_documents (domain_id, fetched_at, client_id);
