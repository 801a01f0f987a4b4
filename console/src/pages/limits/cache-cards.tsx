import type { CacheStatistics } from "../../data/types.ts";
import { bytes, count, percent, plural, rate } from "../../format/figures.ts";

/** Answers that did not cost a call. */
const spared = new Set(["hit", "stale", "revalidated", "coalesced"]);

export function CacheCards({ caches }: { caches: readonly CacheStatistics[] }) {
  return (
    <div class="columns">
      {caches.map((cache) => (
        <CacheCard key={cache.node} cache={cache} />
      ))}
    </div>
  );
}

function CacheCard({ cache }: { cache: CacheStatistics }) {
  const { node, entries, bytesMax, answers } = cache;
  const total = answers.reduce((sum, one) => sum + one.total, 0);
  const hits = answers.reduce((sum, one) => sum + (spared.has(one.how) ? one.total : 0), 0);
  const filled = bytesMax > 0 ? cache.bytes / bytesMax : 0;
  return (
    <section class="cache" aria-label={`Cache of ${node}`}>
      <h3>{node}</h3>
      <p class="big">{total > 0 ? percent(hits / total) : "\u2013"}</p>
      <p class="soft">of {count(total)} cacheable requests answered from the cache</p>
      <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="ground" width="100" height="6" rx="2" />
        <rect class="value" width={Math.min(100, filled * 100)} height="6" rx="2" />
      </svg>
      <p class="soft">
        {plural(entries, "entry", "entries")}, {bytes(cache.bytes)} of {bytes(bytesMax)}
      </p>
      <ul class="answers">
        {answers.map(({ how, total: of, perS }) => (
          <li key={how}>
            <span>{how}</span>
            <span>{count(of)}</span>
            <span class="soft">{rate(perS)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
