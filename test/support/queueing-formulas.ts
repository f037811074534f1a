/**
 * Closed forms of queueing theory, for laws to compare runs with. `load` is arrivals per mean service time (Erlangs).
 * Sources: Kleinrock, Queueing Systems I (1975); Gross, Shortle, Thompson and Harris, Fundamentals of Queueing Theory
 * (4th edition, 2008); Erlang, "The theory of probabilities and telephone conversations" (1909) for M/D/1.
 */

/**
 * Share of arrivals that are lost when those that find all servers busy go away (M/G/c/c, whatever the service times).
 */
export function erlangB(servers: number, load: number): number {
  let lost = 1;
  for (let busy = 1; busy <= servers; busy++) lost = (load * lost) / (busy + load * lost);
  return lost;
}

/** Share of arrivals that wait when those that find all servers busy do (M/M/c); 1 when there is no steady state. */
export function erlangC(servers: number, load: number): number {
  if (load >= servers) return 1;
  const lost = erlangB(servers, load);
  return (servers * lost) / (servers - load * (1 - lost));
}

/** Mean wait of M/M/c, in mean service times. */
export function erlangWait(servers: number, load: number): number {
  return erlangC(servers, load) / (servers - load);
}

/** Share of arrivals that wait longer than so many mean service times (M/M/c, first come first served). */
export function erlangTail(servers: number, load: number, wait: number): number {
  return erlangC(servers, load) * Math.exp(-(servers - load) * wait);
}

/** Mean wait of M/G/1 (Pollaczek 1930, Khinchine 1932), in the unit of the service times' mean and second moment. */
export function pollaczekKhinchineWait(arrivalRate: number, mean: number, secondMoment: number): number {
  return (arrivalRate * secondMoment) / (2 * (1 - arrivalRate * mean));
}

/**
 * Share of arrivals that wait at most `wait` service times, in M/D/1 (Erlang 1909). For short waits: terms alternate.
 */
export function deterministicWaitCdf(load: number, wait: number): number {
  let sum = 0;
  for (let k = 0; k <= Math.floor(wait); k++) {
    let term = 1;
    for (let i = 1; i <= k; i++) term *= (load * (k - wait)) / i;
    sum += term * Math.exp(-load * (k - wait));
  }
  return (1 - load) * sum;
}

/** Chances of 0, 1, 2, ... of a Poisson variable, up to `most`. */
export function poissonMasses(mean: number, most: number): number[] {
  const masses = [Math.exp(-mean)];
  for (let k = 1; k <= most; k++) masses.push((masses[k - 1] * mean) / k);
  return masses;
}

/** Chances that 0, 1, ... machines are broken (machine repair, M/M/r//N): exponential up times and repairs, r crews. */
export function brokenMachines(machines: number, crews: number, upMean: number, repairMean: number): number[] {
  const weights = [1];
  for (let broken = 0; broken < machines; broken++) {
    const failing = (machines - broken) / upMean;
    const mending = Math.min(broken + 1, crews) / repairMean;
    weights.push((weights[broken] * failing) / mending);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Mean of a distribution over 0, 1, 2, ... */
export function meanOfMasses(masses: readonly number[]): number {
  return masses.reduce((sum, mass, k) => sum + mass * k, 0);
}
