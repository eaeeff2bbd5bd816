namespace Reelseal.Local.Gateway;

/// <summary>A call of a function, read from the request's path.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="IsAsync">Whether the call is asynchronous: the result goes to a callback.</param>
/// <param name="Path">The rest of the decoded path.</param>
internal sealed record FunctionCall(string Name, bool IsAsync, string Path)
{
    private const string Sync = "/function/";
    private const string Async = "/async-function/";

    /// <summary>Reads a decoded path; null when it is not a function's.</summary>
    public static FunctionCall? Read(string path)
    {
        var isAsync = path.StartsWith(Async, StringComparison.Ordinal);
        if (!isAsync && !path.StartsWith(Sync, StringComparison.Ordinal))
            return null;
        var rest = path[(isAsync ? Async : Sync).Length..];
        var slash = rest.IndexOf('/');
        return slash < 0 ? new(rest, isAsync, "/") : new(rest[..slash], isAsync, rest[slash..]);
    }

    /// <summary>Returns the function's address for this call, or null when the path does not parse a second time.</summary>
    public Uri? AddressAt(Uri function, string query) => GatewayPath.TryFormat(Path, query, out var target)
        ? new(function.GetLeftPart(UriPartial.Authority) + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })
        : null;
}
