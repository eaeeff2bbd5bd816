using Reelseal.Local.Functions;

namespace Reelseal.Local.Tests.Functions;

public sealed class PassedSettingsTests
{
    [Fact]
    public void Settings_of_the_functions_are_passed_on_and_nothing_else()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["SEGMENT_FORMAT"] = "fmp4", ["LADDER_FILE"] = "/ladder.json", ["CALLBACK_HOSTS"] = "127.0.0.1", ["URL_LIFETIME"] = "1h", ["X264_PRESET"] = "",
            ["S3_BUCKET"] = "bucket", ["S3_TIMEOUT"] = "9s", ["KEY_PAIR_ID"] = "K1", ["AWS_SHARED_CREDENTIALS_FILE"] = "/x", ["PATH"] = "/bin",
            ["REGISTRY"] = "r",
        };

        var passed = PassedSettings.Of(File.ReadAllText(Path.Combine(Repository.Root, "stack.yml")), environment.GetValueOrDefault);

        Assert.Equal(
            ["CALLBACK_HOSTS=127.0.0.1", "LADDER_FILE=/ladder.json", "S3_TIMEOUT=9s", "SEGMENT_FORMAT=fmp4", "URL_LIFETIME=1h"],
            passed.Select(setting => $"{setting.Key}={setting.Value}").Order(StringComparer.Ordinal));
    }
}
