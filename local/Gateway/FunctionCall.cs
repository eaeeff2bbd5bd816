namespace Reelseal.Local.Gateway;

/// <summary>Which function is called, and with what.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="IsAsync">Whether the caller waits for the result or is told later.</param>
/// <param name="Path">The rest of the decoded path.</param>
internal sealed record FunctionCall(string Name, bool IsAsync, string Path)
{
    private const string Sync = "/function/";
    private const string Async = "/async-function/";

    /// <summary>The call that a decoded path stands for; null when it is no path of a function.</summary>
    public static FunctionCall? Read(string path)
    {
        var isAsync = path.StartsWith(Async, StringComparison.Ordinal);
        if (!isAsync && !path.StartsWith(Sync, StringComparison.Ordinal))
            return null;
        var rest = path[(isAsync ? Async : Sync).Length..];
        var slash = rest.IndexOf('/');
        return slash < 0 ? new(rest, isAsync, "/") : new(rest[..slash], isAsync, rest[slash..]);
    }

    /// <summary>Where to call the function, or null when the path does not parse a second time.</summary>
    public Uri? AddressAt(Uri function, string query) => GatewayPath.TryFormat(Path, query, out var target)
        ? new(function.GetLeftPart(UriPartial.Authority) + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })
        : null;
}
