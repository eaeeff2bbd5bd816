using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Reelseal.Testing;

/// <summary>docs/openapi.yaml, as far as it describes one function.</summary>
public sealed class ApiDocument
{
    private static readonly Lazy<JsonNode> s_document = new(static () => YamlDocument.Read(Path.Combine(AppContext.BaseDirectory, "openapi.yaml")));
    private static readonly ConcurrentDictionary<string, ApiDocument> s_functions = new(StringComparer.Ordinal);
    private readonly List<ApiOperation> _operations = [];

    private ApiDocument(string function)
    {
        var prefix = $"/function/{function}";
        foreach (var (path, item) in s_document.Value["paths"]!.AsObject())
        {
            if (!path.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            foreach (var (method, operation) in item!.AsObject().Where(member => member.Key != "parameters"))
                _operations.Add(new(s_document.Value, method.ToUpperInvariant(), path[prefix.Length..], operation!["responses"]!.AsObject()));
        }
    }

    /// <param name="function">The function's name, such as <c>sign-playlist</c>.</param>
    public static ApiDocument Of(string function) => s_functions.GetOrAdd(function, static name => new(name));

    /// <summary>Method and path of each operation, such as <c>GET /videos/{id}</c>, sorted; without <c>/health</c>, which is the template's.</summary>
    public IEnumerable<string> Routes =>
        _operations.Where(operation => operation.Path != "/health").Select(operation => $"{operation.Method} {operation.Path}").Order(StringComparer.Ordinal);

    /// <summary>Returns the operation that a request calls, or null.</summary>
    public ApiOperation? Find(HttpMethod method, string path) => _operations.Find(operation => operation.Matches(method, path));

    /// <summary>The route pattern of ASP.NET Core as a path of OpenAPI, which knows no catch-all parameter.</summary>
    public static string PathOf(string routePattern) => Regex.Replace(routePattern, @"\{\*+", "{", RegexOptions.None, TimeSpan.FromSeconds(1));
}
