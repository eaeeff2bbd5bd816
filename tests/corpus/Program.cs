using System.Globalization;
using Reelseal.Corpus;

// Ingests every file of a folder over HTTP and checks what was published; see Usage.
const string usage = """
    Usage: make corpus DIR=folder [ARGS="--format ts|fmp4|both --play chromium|firefox --keep folder"]
    Ingests every file in the folder, and in those below it, and checks each published stream: the length of all renditions, cuts, playlists, CODECS,
    bandwidths, that everything decodes, that nothing of the source is missing, and that picture and sound stay together at begin, middle and end.
    --play also plays each stream to its end with hls.js.
    --keep leaves each stream and its status document in a folder of the file's name.
    Prints a table. The exit code is 1 if anything deviates. A file that is refused is a row, and no deviation.
    """;

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

string[] formats = Option("--format") switch { null or "ts" => ["ts"], "fmp4" => ["fmp4"], "both" => ["ts", "fmp4"], _ => [] };
var (browser, keep) = (Option("--play"), Option("--keep"));
if (args is not [var folder, ..] || !Directory.Exists(folder) || formats is [] || browser is not (null or "chromium" or "firefox"))
{
    Console.Error.WriteLine(usage);
    return 2;
}

var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
var deviating = 0;
Console.WriteLine("| file | format | answer | seconds | renditions | deviations |\n|---|---|---|---|---|---|");
foreach (var format in formats)
{
    await using var server = await IngestServer.StartAsync(format);
    foreach (var file in files)
    {
        var kept = keep is null ? null : Path.Combine(keep, format, Path.GetRelativePath(folder, file));
        var row = await CorpusRun.CheckAsync(server, file, browser, kept);
        deviating += row.Deviations.Count > 0 ? 1 : 0;
        var what = row.Deviations.Count > 0 ? string.Join("<br>", row.Deviations) : row.Note ?? "none";
        var name = Cell(Path.GetRelativePath(folder, file));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {format} | {row.Answer} | {row.Seconds:0.###} | {row.Renditions} | {Cell(what)} |"));
    }
}
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{files.Count * formats.Length} ingests, {deviating} with deviations"));
return deviating == 0 ? 0 : 1;

static string Cell(string text) => text.Replace('|', '/').Replace('\n', ' ');
