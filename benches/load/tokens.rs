//! Tokens, introspections, discovery: what is answered from memory.

use std::sync::Arc;

use registrar::model::signing_key::SigningAlgorithm;
use registrar::startup::FIRST_DOMAIN;

use crate::Plan;
use crate::database::{Credentials, Installation, basic, copied_id, token_request};
use crate::generator::{self, Dice, Requests, Target};
use crate::limit;
use crate::measure::{Figures, Side, in_turns};
use crate::process::Process;
use crate::report::{Met, Report};

/// Connections of most figures.
pub const CONNECTIONS: usize = 16;

/// Connections of those that tell whether more of them matter.
const MANY_CONNECTIONS: usize = 64;

/// Clients that are used all the time.
const HOT: u32 = 1_000;

/// A server under measurement.
struct Bench<'a> {
    plan: Plan,
    installation: &'a Installation,
    server: Process,
    pattern: Credentials,
}

/// Measures it all on one server, which is left with the plan's number of clients.
pub fn measure(plan: Plan, installation: &Installation, report: &mut Report) -> anyhow::Result<()> {
    let server = installation.start()?;
    let pattern = installation.register()?;
    let bench = Bench { plan, installation, server, pattern };
    for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256] {
        bench.one_client(algorithm, report)?;
    }
    bench.many_clients(report)?;
    bench.introspection(report)?;
    bench.discovery(report)?;
    let peak = bench.server.memory("VmHWM")?;
    report.fact("peak memory after all of the above", format!("{} MiB", peak / 1024));
    Ok(())
}

impl Bench<'_> {
    fn side(&self, requests: Requests) -> Side<'_> {
        let target = Target { address: self.installation.address(), requests, status: 200 };
        Side { process: &self.server, target, counts: true }
    }

    fn against(&self, limit: &Process, connections: usize, requests: &Requests) -> anyhow::Result<[Figures; 2]> {
        let target = Target { address: limit.address, requests: Arc::clone(requests), status: 200 };
        let limit = Side { process: limit, target, counts: false };
        let figures = in_turns(self.plan, connections, &[self.side(Arc::clone(requests)), limit])?;
        Ok([figures[0], figures[1]])
    }

    fn one_client(&self, algorithm: SigningAlgorithm, report: &mut Report) -> anyhow::Result<()> {
        self.installation.sign_with(algorithm)?;
        let limit = limit::signing(algorithm)?;
        let requests = generator::same(token_request(&self.pattern.basic(), ""));
        for connections in [CONNECTIONS, MANY_CONNECTIONS] {
            let [ours, bare] = self.against(&limit, connections, &requests)?;
            report.compared(&format!("token {algorithm}, 1 client, {connections} connections"), ours, bare);
            if connections == CONNECTIONS {
                let (rate, cpu) = (ours.rate / bare.rate, bare.cpu / ours.cpu);
                report
                    .target(&format!("token {algorithm} against signing alone, requests/s"), &Met::at_least(rate, 0.7));
                report.target(&format!("token {algorithm} against signing alone, CPU"), &Met::at_least(cpu, 0.7));
                report
                    .target(&format!("token {algorithm}, statements per token"), &Met::at_most(ours.statements, 0.01));
            }
        }
        Ok(())
    }

    fn many_clients(&self, report: &mut Report) -> anyhow::Result<()> {
        let limit = limit::signing(SigningAlgorithm::Es256)?;
        let total = self.plan.clients;
        self.installation.copy_client(&self.pattern.id, 0, HOT)?;
        let few = self.against(&limit, CONNECTIONS, &self.of_clients(HOT, 1))?;
        report.compared(&format!("token ES256, {HOT} hot of {HOT}"), few[0], few[1]);
        self.installation.copy_client(&self.pattern.id, HOT, total)?;
        let many = self.against(&limit, CONNECTIONS, &self.of_clients(HOT, total / HOT))?;
        report.compared(&format!("token ES256, {HOT} hot of {total}"), many[0], many[1]);
        let change = (many[1].cpu / many[0].cpu) / (few[1].cpu / few[0].cpu);
        report.target(&format!("flat from {HOT} to {total} clients, CPU"), &Met::at_least(change, 0.9));
        let uniform = self.against(&limit, CONNECTIONS, &self.of_clients(total, 1))?;
        let name = format!("token ES256, uniform over {total}, {:.0} % misses", uniform[0].misses * 100.0);
        report.compared(&name, uniform[0], uniform[1]);
        Ok(())
    }

    /// Tokens for `number` copied clients, each so far from the next.
    fn of_clients(&self, number: u32, stride: u32) -> Requests {
        let secret = self.pattern.secret.clone();
        Arc::new(move |buffer: &mut Vec<u8>, dice: &mut Dice| {
            let id = copied_id(dice.below(number) * stride);
            buffer.extend(token_request(&basic(&id, &secret), ""));
        })
    }

    fn introspection(&self, report: &mut Report) -> anyhow::Result<()> {
        let path = format!("/{FIRST_DOMAIN}/oauth/introspect");
        let authorization = self.installation.gateway.basic();
        let stride = self.plan.clients / HOT;
        let mut prepared = Vec::new();
        for number in 0..HOT {
            let client = Credentials { id: copied_id(number * stride), secret: self.pattern.secret.clone() };
            let token = self.installation.token(&client, "")?;
            prepared.push(generator::form(&path, &authorization, &format!("token={token}")));
        }
        let length = generator::once(self.installation.address(), &prepared[0])?.len();
        let limit = limit::answering(length)?;
        let requests: Requests = Arc::new(move |buffer: &mut Vec<u8>, dice: &mut Dice| {
            buffer.extend_from_slice(&prepared[dice.below(HOT) as usize]);
        });
        let [ours, bare] = self.against(&limit, CONNECTIONS, &requests)?;
        report.compared(&format!("introspection, {HOT} tokens"), ours, bare);
        Ok(())
    }

    fn discovery(&self, report: &mut Report) -> anyhow::Result<()> {
        let request = generator::get(&format!("/{FIRST_DOMAIN}/oidc/.well-known/openid-configuration"));
        let limit = limit::answering(generator::once(self.installation.address(), &request)?.len())?;
        let [ours, bare] = self.against(&limit, CONNECTIONS, &generator::same(request))?;
        report.compared("discovery", ours, bare);
        Ok(())
    }
}
