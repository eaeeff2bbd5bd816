// run.mjs [TEXT …]: plants the faults of faults.txt whose titles contain one of the texts, or all of them, one at a time, in a copy of the tree, and runs the tests that should notice.
// Ends with 1 if a fault survives unexplained, and with 2 if the list no longer fits the code.
import { spawn, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A test that a fault keeps from ending has noticed it. */
const longestRun = 200_000; // milliseconds
const root = fileURLToPath(new URL("../..", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "reelseal-faults-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

const all = readFileSync(new URL("faults.txt", import.meta.url), "utf8").split(/\n(?=# )/).filter(block => block.startsWith("# ")).map(parse);
const texts = process.argv.slice(2);
const faults = all.filter(({ title }) => texts.length === 0 || texts.some(text => title.includes(text)));

/** Reads a block of the list: a title, and lines of a key and a value. */
function parse(block) {
  const [title, ...lines] = block.trimEnd().split("\n").filter(line => line);
  const fault = { title: title.slice(2) };
  for (const line of lines) fault[line.split(" ", 1)[0]] = line.slice(line.indexOf(" ")).trim();
  for (const key of ["in", "old", "by"])
    if (!fault[key]) fail(`${fault.title}: the line "${key}" is missing.`);
  const [project, ...filters] = fault.by.split(" ");
  // Where the old text is wrapped, it is the same.
  const pattern = new RegExp(fault.old.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(" ", "\\s+"), "g");
  return { ...fault, pattern, new: fault.new ?? "", project, filters };
}

function fail(reason) {
  console.error(reason);
  process.exit(2);
}

/** Runs a program in the copy, and returns its output and its exit code, which is null if it had to be killed. */
function run(program, args) {
  return new Promise(resolve => {
    const child = spawn(program, args, { cwd: copy, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", data => (output += data));
    const limit = setTimeout(() => process.kill(-child.pid, "SIGKILL"), longestRun);
    // The servers that a build leaves running keep its outputs open.
    child.on("exit", code => {
      clearTimeout(limit);
      setTimeout(() => resolve({ code, output }), 200);
    });
  });
}

/** Builds a project; returns the first error, or null. */
async function build(project, ...options) {
  // What analysers say of a fault does not count.
  const properties = ["RunAnalyzers=false", "EnforceCodeStyleInBuild=false", "TreatWarningsAsErrors=false", "MinVerSkip=true"].map(property => `-p:${property}`);
  const { code, output } = await run("dotnet", ["build", project, "--nologo", "--verbosity", "quiet", ...properties, ...options]);
  return code === 0 ? null : output.split("\n").find(line => line.includes("error")) ?? output;
}

/** The project that a file belongs to. */
function projectOf(file) {
  let folder = dirname(file);
  const find = () => readdirSync(join(copy, folder)).find(name => name.endsWith(".csproj"));
  while (!find()) folder = dirname(folder);
  return join(folder, find());
}

/** Builds a project alone, and puts it beside the tests; returns the first error, or null. */
async function replace(project, tests) {
  const error = await build(project, "--no-restore", "-p:BuildProjectReferences=false");
  if (error) return error;
  const name = /<AssemblyName>(.*)<\/AssemblyName>/.exec(readFileSync(join(copy, project), "utf8"))?.[1] ?? basename(project, ".csproj");
  cpSync(join(copy, dirname(project), "bin/Debug/net10.0", `${name}.dll`), join(copy, "tests", tests, "bin/Debug/net10.0", `${name}.dll`));
  return null;
}

async function test({ project, filters }) {
  const { code, output } = await run(join(copy, `tests/${project}/bin/Debug/net10.0/${project}`), ["-noColor", "-stopOnFail", ...filters]);
  const [, total, skipped] = /Total: (\d+),.*Skipped: (\d+)/.exec(output) ?? [];
  return { passed: code === 0, count: total - skipped, output };
}

// The list fits the code.
const sources = new Map();
for (const fault of all) {
  if (!sources.has(fault.in)) sources.set(fault.in, readFileSync(join(root, fault.in), "utf8"));
  const found = sources.get(fault.in).match(fault.pattern)?.length ?? 0;
  if (found !== 1) fail(`${fault.title}: its old text is ${found} times in ${fault.in}, not once.`);
}

const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 }).split("\0").filter(file => file);
for (const file of files) {
  mkdirSync(dirname(join(copy, file)), { recursive: true });
  cpSync(join(root, file), join(copy, file), { verbatimSymlinks: true });
}

// Without a fault, the tests pass.
for (const project of new Set(faults.map(fault => fault.project))) {
  const error = await build(`tests/${project}`);
  if (error) fail(error);
}
for (const by of new Set(faults.map(fault => fault.by))) {
  const { passed, count, output } = await test(faults.find(fault => fault.by === by));
  if (!passed || !(count > 0)) fail(`Without a fault: ${by}\n${output}`);
}

let noticed = 0, wrong = 0, last = null;
for (const fault of faults) {
  const path = join(copy, fault.in), right = sources.get(fault.in), project = projectOf(fault.in);
  // The fault before is still in its program, unless that is built now anyway.
  if (last && (last.target !== project || last.project !== fault.project)) await replace(last.target, last.project);
  last = { target: project, project: fault.project };
  writeFileSync(path, right.replace(fault.pattern, () => fault.new));
  const error = await replace(project, fault.project);
  if (error) fail(`${fault.title}: ${error}`);
  const { passed } = await test(fault);
  writeFileSync(path, right);
  noticed += !passed;
  wrong += passed !== ("survives" in fault);
  console.log(`${passed ? "SURVIVED" : "noticed "} ${fault.title}${fault.survives ? ` (${fault.survives})` : ""}`);
}
console.log(`${noticed} of ${faults.length} faults noticed (${Math.floor((100 * noticed) / faults.length)} %)`);
process.exit(wrong > 0 ? 1 : 0); // not when the servers of the builds end
