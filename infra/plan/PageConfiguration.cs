using System.Text.Json.Nodes;

namespace Reelseal.Infra;

/// <summary>What the page reads when it starts.</summary>
public static class PageConfiguration
{
    /// <summary>The content of <c>config.json</c> (docs/page.md, "Configuration").</summary>
    public static string Of(DeploymentSettings settings)
    {
        var configuration = new JsonObject { ["gateway"] = settings.Gateway.AbsoluteUri.TrimEnd('/') };
        if (settings.TokenUrl is { } tokens)
            configuration.Add("tokenUrl", tokens.AbsoluteUri);
        if (settings.Developer)
            configuration.Add("developer", true);
        return configuration.ToJsonString();
    }
}
