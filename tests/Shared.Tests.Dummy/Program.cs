// Writers for the tests of races: each line of the input is one round, "KEY ETAG TICKS", where ETAG is - for a new object and * for any. At TICKS (UTC) all
// writers write KEY at once; the answer is a line of "CONTENT=ETAG" for those who won. The object store is that of the environment.
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Reelseal;
using Reelseal.Storage;

var settings = Settings.FromEnvironment();
var services = new ServiceCollection().AddObjectStore(settings);
settings.ThrowIfInvalid();
await using var provider = services.BuildServiceProvider();
var store = provider.GetRequiredService<IObjectStore>();
var writers = int.Parse(args[0], CultureInfo.InvariantCulture);
var size = int.Parse(args[1], CultureInfo.InvariantCulture);

await Console.Out.WriteLineAsync("ready");
while (await Console.In.ReadLineAsync() is { } line)
{
    var round = line.Split(' ');
    var start = new DateTime(long.Parse(round[2], CultureInfo.InvariantCulture), DateTimeKind.Utc);
    var answers = await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(async () =>
    {
        // The content is the writer's name over and over: one that is half of one writer and half of another is seen.
        var name = Guid.NewGuid().ToString("N");
        using var content = new MemoryStream(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(name, size / name.Length))));
        var condition = round[1] switch { "-" => WriteCondition.IfNew, "*" => WriteCondition.None, var eTag => WriteCondition.IfUnchanged(eTag) };
        if (start - DateTime.UtcNow is { Ticks: > 0 } wait)
            await Task.Delay(wait);
        return await store.PutAsync(round[0], content, condition, CancellationToken.None) is { } written ? $"{name}={written}" : null;
    })));
    await Console.Out.WriteLineAsync(string.Join(' ', answers.OfType<string>()));
}
