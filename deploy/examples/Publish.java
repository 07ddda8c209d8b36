import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Prints the chain's height, publishes a transaction, and prints its id: java Publish.java RAWTX
 * It knows http://localhost:8080 and no secret. PUBLISH_URL names another address.
 */
public class Publish {
    static final String URL = System.getenv().getOrDefault("PUBLISH_URL", "http://localhost:8080");

    public static void main(String[] arguments) throws IOException {
        // Without this, the library sends a POST once more by itself when a connection ends early.
        System.setProperty("sun.net.http.retryPost", "false");
        System.out.println("height " + value("blocks", call("/api/v1/status", null)));
        String content = "{\"rawtx\":\"" + arguments[0] + "\"}";
        System.out.println("published " + value("txid", call("/api/v1/tx/send", content)));
    }

    static String call(String path, String content) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) new URL(URL + path).openConnection();
        connection.setConnectTimeout(30_000);
        connection.setReadTimeout(30_000);
        if (content != null) {
            connection.setDoOutput(true);
            connection.setRequestProperty("Content-Type", "application/json");
            try (OutputStream output = connection.getOutputStream()) {
                output.write(content.getBytes(StandardCharsets.UTF_8));
            }
        }
        boolean isGood = connection.getResponseCode() == 200;
        try (InputStream input = isGood ? connection.getInputStream() : connection.getErrorStream()) {
            String text = new String(input.readAllBytes(), StandardCharsets.UTF_8);
            if (isGood) return text;
            System.err.println("not published: " + text);
            System.exit(1);
            return null;
        }
    }

    static String value(String key, String json) {
        Matcher found = Pattern.compile("\"" + key + "\":\"?([^\",}]*)").matcher(json);
        return found.find() ? found.group(1) : "?";
    }
}
