using System.CommandLine;
using System.CommandLine.Parsing;
using IngestVideo.Uploads;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Reelseal;
using Reelseal.Fsck;
using Reelseal.Storage;

var remove = new Option<bool>("--remove")
{
    Description = "Repairs what is safe to repair: removes orphan attempts, forgotten uploads and forgotten work, marks stuck videos as failed.",
};
var olderThan = new Option<TimeSpan>("--older-than")
{
    Description = "What is younger may be work in progress, and is left alone: 90s, 15m, 12h.",
    CustomParser = ReadDuration,
    DefaultValueFactory = _ => new Ages().Silence,
};
var command = new RootCommand(
    "Walks the store that the functions' own settings name (S3_BUCKET, …), and reports what is wrong with it. Exits with 1 if problems remain.")
{
    remove, olderThan,
};
command.SetAction((arguments, cancellationToken) => CheckAsync(arguments.GetValue(remove), arguments.GetValue(olderThan), cancellationToken));
try
{
    return await command.Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is OptionsValidationException or UpstreamException or OperationCanceledException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 2;
}

static async Task<int> CheckAsync(bool repair, TimeSpan silence, CancellationToken cancellationToken)
{
    var settings = Settings.FromEnvironment();
    var services = new ServiceCollection().AddSingleton(TimeProvider.System).AddSingleton<UploadStore>().AddObjectStore(settings).AddMultipartStore(settings);
    settings.ThrowIfInvalid();
    await using var provider = services.BuildServiceProvider();
    var check = ActivatorUtilities.CreateInstance<StoreCheck>(provider, new Ages { Silence = silence });
    var (found, left) = (0, 0);
    await foreach (var finding in check.FindAsync(cancellationToken))
    {
        found++;
        var repaired = repair && finding.Repair is not null && await finding.Repair(cancellationToken);
        left += repaired ? 0 : 1;
        Console.WriteLine($"{finding}{(repaired ? ": repaired" : "")}");
    }
    Console.WriteLine($"{check.Objects} objects, {found} problems, {found - left} of them repaired");
    return left == 0 ? 0 : 1;
}

static TimeSpan ReadDuration(ArgumentResult argument)
{
    var duration = new Settings(_ => argument.Tokens[0].Value, secretsDirectory: "").Duration("older-than", TimeSpan.Zero);
    if (duration == TimeSpan.Zero)
        argument.AddError($"{argument.Tokens[0].Value} is not a duration such as 90s, 15m or 12h.");
    return duration;
}
