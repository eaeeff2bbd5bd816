// prose.mjs [PATH …]: reports turns of phrase that a native engineer would not write, as file:line, with what to write instead.
// Reads Markdown, the comments and strings of C# and JavaScript, the names of tests, and whole scripts and configuration files. Ends with 1 if anything is reported.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What not to write, and what to write instead. */
const rules = [
  [/\bto be had\b/i, "is available, is unavailable"],
  [/\b(tells|told)\b|\btell(ing)? of\b/i, "reports, returns, says; is notified"],
  [/\bmend(s|ed|ing)?\b/i, "fix, repair"],
  [/\banew\b|\bonce more\b/i, "again"],
  [/\bwho(so)?ever\b/i, "anyone who"],
  [/\blest\b|\bso that (he|she|it|they|one|[a-z]+) may\b/i, "to avoid, so that … can"],
  [/\bheld against\b/i, "compared with"],
  [/(?<!\b(there|which|what|who|one) )\b(is|are|was|were) none\b/i, "say what is missing: there is no …"],
  [/\bfaults? of (the|a|an|its?|ours?)\b|\bno fault of\b|\bflaws?\b/i, "a … error, a problem"],
  [/\bfor who\b|\bto who\b|\bto whom it\b/i, "for those who"],
  [/\bin vain\b|\bhitherto\b|\bthereof\b|\bwhereof\b|\bwhereby\b|\bwherein\b|\bthereby\b|\bhenceforth\b|\bupon\b|\bamongst\b|\bwhilst\b/i, "a plain word"],
  [/\b(is|are) (not )?to (be|have|lead|hold|go|stand|end|come)\b/i, "must, should, will"],
  [/\bgood for nothing\b|\bof no more use\b|\bof no use\b/i, "no longer needed"],
  [/\bstands? (once|there|in for nothing)\b|\blies (there|elsewhere)\b/i, "is"],
  [/\b(does|do|did|has|have) not (yet )?any(more)?\b(?! (longer|other))/i, "plain word order"],
  [/\bpatient (store|status|statuses)\b/i, "retrying"],
  [/(?<!\b(there|which|where|it) )\b(is|are|was|were) no (?!longer\b|more\b|more$|less\b|way\b|need\b|one\b|such\b|place\b|room\b|other\b)[a-z]+/i, "is not a …"],
  [/\bnothing of the kind\b|\bthe like\b(?! of)/i, "name the things"],
];

/** Names that were translated, and the ones that replaced them. */
const names = [
  ["UploadDesk", "UploadService"], ["senderWaits", "isSynchronous"], ["hungUp", "requestAborted"], ["HoldBack", "ApplyBackpressure"],
  ["ThroughEdge", "ViaCloudFront"], ["EachUrl", "SignPerUrl"], ["instead:", "fallback:"], ["otherwise:", "fallback:"],
];

const cLike = /\/\*[^]*?\*\/|\/\/[^\n]*|\$*"{3,}[^]*?"{3,}|\$?@?\$?"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
const testName = /(?<= )[A-Z]\w*(?:_\w+){2,}(?=\()/g;

/** The prose of a file, with everything else blanked out so that lines keep their numbers. */
function proseOf(path, text) {
  if (path.endsWith(".md")) return text.replace(/```[^]*?```|`[^`\n]*`/g, blank);
  if (!/\.(cs|m?js)$/.test(path)) return text;
  const parts = [...text.matchAll(cLike), ...(path.startsWith("tests/") ? text.matchAll(testName) : [])].sort((a, b) => a.index - b.index);
  let prose = "", end = 0;
  for (const { index, 0: part } of parts) {
    if (index < end) continue;
    prose += blank(text.slice(end, index)) + (part.includes('"') ? part : part.replaceAll("_", " "));
    end = index + part.length;
  }
  return prose + blank(text.slice(end));
}

const blank = text => text.replace(/[^\n]/g, " ");

const paths = process.argv.length > 2 ? process.argv.slice(2)
  : execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n")
    .filter(path => /\.(md|cs|m?js|html|css|sh|ya?ml|props|csproj)$|(^|\/)(Makefile|Dockerfile|run)$/.test(path) && !/TestData|package-lock|tests\/docs\//.test(path));
let found = 0;
for (const path of paths) {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const code = text.split("\n");
  for (const [index, line] of proseOf(path, text).split("\n").entries()) {
    for (const [pattern, advice] of rules) report(path, index, pattern.exec(line)?.[0], advice);
    for (const [name, better] of path.endsWith(".cs") ? names : []) report(path, index, code[index].includes(name) && name, better);
  }
}
if (found > 0) console.log(`${found} turns of phrase to rewrite`);
process.exitCode = found > 0 ? 1 : 0;

function report(path, index, phrase, advice) {
  if (!phrase) return;
  found++;
  console.log(`${path}:${index + 1}: "${phrase}": write ${advice}`);
}
