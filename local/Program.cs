using System.CommandLine;
using FFMpegCore.Exceptions;
using Instances.Exceptions;
using Microsoft.Extensions.Options;
using Reelseal;
using Reelseal.Local.Commands;
using Reelseal.Local.Demo;
using Reelseal.Local.Functions;
using Reelseal.Local.Playback;

var commands = new RootCommand("Reelseal on one machine: both functions behind a gateway and an edge like the real ones.")
{
    DemoCommand.Create(), ServeCommand.Create(), UploadCommand.Create(), TokenCommand.Create(),
};
try
{
    return await commands.Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
}
catch (OperationCanceledException)
{
    return 130; // Ctrl-C, as a shell counts it
}
catch (Exception e) when (e
    is CommandFailedException or DemoFailedException or FunctionStartException or VideoClientException or FFMpegException or InstanceException
    or OptionsValidationException or HttpRequestException or UpstreamException or IOException or UnauthorizedAccessException or ArgumentException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
