-- People: who they are, where they are logged in, what they allowed, and what was issued to their clients.

create table users (
    id uuid not null primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    username text not null,
    -- Folded by the server: what must be unique, and what a login is looked up by.
    username_key text not null,
    email text,
    email_key text,
    email_verified boolean not null,
    password text,
    claims jsonb not null,
    enabled boolean not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    unique (domain_id, username_key)
);

create unique index users_by_email on users (domain_id, email_key) where email_key is not null;

-- One-time links by mail or by hand: verification, password reset, invitation.
create table user_links (
    hash bytea not null primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    purpose text not null,
    user_id uuid references users (id) on delete cascade,
    email text,
    created_at bigint not null,
    expires_at bigint not null
);

create index user_links_by_end on user_links (expires_at);

create table sessions (
    id uuid not null primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    hash bytea not null unique,
    auth_time bigint not null,
    device text not null,
    source text not null,
    created_at bigint not null,
    last_seen_at bigint not null,
    expires_at bigint not null
);

create index sessions_by_user on sessions (domain_id, user_id);
create index sessions_by_end on sessions (expires_at);

-- Browser steps that wait for a person. The request is kept as it came and checked again at every step.
create table interactions (
    id text not null primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    client_id text not null,
    request jsonb not null,
    progress jsonb not null,
    version bigint not null,
    created_at bigint not null,
    expires_at bigint not null
);

create index interactions_by_end on interactions (expires_at);

-- What a person allowed a client, per resource (empty: none); scope is a space-separated list.
create table consents (
    domain_id uuid not null references domains (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    client_id text not null,
    resource text not null,
    scope text not null,
    granted_at bigint not null,
    primary key (domain_id, user_id, client_id, resource)
);

create index consents_by_client on consents (domain_id, client_id);

-- What a person's login established for a client: the family of everything issued from it.
create table authorizations (
    id uuid not null primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    client_id text not null,
    user_id uuid not null references users (id) on delete cascade,
    session_id uuid,
    attempt text not null,
    scope text not null,
    details jsonb not null,
    status text not null,
    created_at bigint not null,
    last_used_at bigint not null,
    expires_at bigint not null
);

create index authorizations_by_user on authorizations (domain_id, user_id, client_id);
create index authorizations_by_client on authorizations (domain_id, client_id);
create index authorizations_by_end on authorizations (expires_at);

create table authorization_codes (
    hash bytea not null primary key,
    domain_id uuid not null,
    authorization_id uuid not null references authorizations (id) on delete cascade,
    client_id text not null,
    redirect_uri text not null,
    redirect_uri_sent boolean not null,
    code_challenge text,
    created_at bigint not null,
    expires_at bigint not null,
    redeemed_at bigint
);

create index authorization_codes_by_end on authorization_codes (expires_at);
create index authorization_codes_by_authorization on authorization_codes (authorization_id);

create table refresh_tokens (
    hash bytea not null primary key,
    domain_id uuid not null,
    authorization_id uuid not null references authorizations (id) on delete cascade,
    created_at bigint not null,
    expires_at bigint not null,
    rotated_at bigint
);

create index refresh_tokens_by_end on refresh_tokens (expires_at);
create index refresh_tokens_by_authorization on refresh_tokens (authorization_id);
