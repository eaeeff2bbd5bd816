using System.Text.RegularExpressions;
using Reelseal.Local.Functions;

namespace Reelseal.Local.Tests.Functions;

public sealed class RuntimeSettingsTests
{
    [Theory]
    [InlineData("sign-playlist")]
    [InlineData("ingest-video")]
    public void A_function_runs_here_with_the_runtime_that_the_image_and_stack_yml_give_it(string function)
    {
        var root = Repository.Root;
        var stack = File.ReadAllText(Path.Combine(root, "stack.yml"));
        var start = stack.IndexOf($"\n  {function}:\n", StringComparison.Ordinal);
        var end = function == "sign-playlist" ? stack.IndexOf("\n  ingest-video:\n", StringComparison.Ordinal) : stack.Length;
        var image = File.ReadAllText(Path.Combine(root, "template/csharp-httprequest/Dockerfile"));
        var set = Matches(stack[start..end], """^ +(DOTNET_\w+): "(.*)"$""").Concat(Matches(image, """^ +(DOTNET_\w+)="([^"]*)" \\$"""));

        Assert.Equal(
            set.Select(match => $"{match.Groups[1].Value}={match.Groups[2].Value}").Order(StringComparer.Ordinal),
            RuntimeSettings.Of(function).Select(setting => $"{setting.Key}={setting.Value}").Order(StringComparer.Ordinal));
    }

    private static MatchCollection Matches(string text, string pattern) => Regex.Matches(text, pattern, RegexOptions.Multiline, TimeSpan.FromSeconds(10));
}
